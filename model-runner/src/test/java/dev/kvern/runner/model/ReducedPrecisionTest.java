package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** bf16 on the CPU stays near the fp32 reference: what is lost is precision, not meaning. */
class ReducedPrecisionTest {
    static List<Path> checkpoints() {
        return Fixtures.checkpoints();
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void bf16IsNearTheReference(Path checkpoint) {
        LoadOptions options = LoadOptions.of("cpu", "bf16", 1, 16);
        try (Transformer model = ModelDirectory.open(checkpoint).load(options, ProgressListener.NONE)) {
            assertThat(model.spec().kvDtype()).isEqualTo("bf16");
            for (Path reference : Fixtures.references(checkpoint)) {
                LogitsVerification result = LogitsVerification.run(model, reference);
                assertThat(result.maxRelative()).as(result.toString()).isLessThan(0.05);
                if (result.tokens() > 50) {
                    // Random weights make many near ties, which any loss of precision decides anew.
                    assertThat(result.greedyAgreements()).as(result.toString()).isGreaterThan(result.tokens() * 8 / 10);
                }
            }
        }
    }
}
