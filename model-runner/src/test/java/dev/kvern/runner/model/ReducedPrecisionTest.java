package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Reduced precision on the CPU stays near the fp32 reference: what is lost is precision, not meaning. */
class ReducedPrecisionTest {
    static List<Path> checkpoints() {
        return Fixtures.checkpoints();
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void bf16IsNearTheReference(Path checkpoint) {
        check(checkpoint, "bf16", "bf16", 0.05);
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void fp16WeightsAreNearTheReference(Path checkpoint) {
        check(checkpoint, "fp16", "fp32", 0.005);
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void int8WeightsAreNearTheReference(Path checkpoint) {
        check(checkpoint, "int8", "fp32", 0.08);
    }

    private static void check(Path checkpoint, String type, String kvType, double tolerance) {
        LoadOptions options = LoadOptions.of("cpu", type, 1, 16);
        try (Transformer model = ModelDirectory.open(checkpoint).load(options, ProgressListener.NONE)) {
            assertThat(model.spec().kvDtype()).isEqualTo(kvType);
            assertThat(model.spec().computeDtype()).isEqualTo(type);
            for (Path reference : Fixtures.references(checkpoint)) {
                LogitsVerification result = LogitsVerification.run(model, reference);
                assertThat(result.maxRelative()).as(result.toString()).isLessThan(tolerance);
                if (result.tokens() > 50) {
                    // Random weights make many near ties, which any loss of precision decides anew.
                    assertThat(result.greedyAgreements()).as(result.toString()).isGreaterThan(result.tokens() * 8 / 10);
                }
            }
        }
    }
}
