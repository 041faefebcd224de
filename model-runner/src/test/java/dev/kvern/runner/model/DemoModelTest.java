package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The model that ships, against transformers; the reference is made by make_reference.py beside it. */
class DemoModelTest {
    @Test
    void agreesWithTransformersInFp32() {
        try (Transformer model = Fixtures.load(Path.of("models/kvern-demo"))) {
            LogitsVerification result =
                    LogitsVerification.run(model, Path.of("src/test/fixtures-demo/reference.safetensors"));
            assertThat(result.maxRelative()).as("%s", result).isLessThan(1e-4);
            assertThat(result.greedyAgreements()).as("%s", result).isEqualTo(result.tokens());
        }
    }
}
