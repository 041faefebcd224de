package dev.kvern.launcher;

import dev.kvern.runner.model.LoadOptions;
import dev.kvern.runner.model.LogitsVerification;
import dev.kvern.runner.model.ModelDirectory;
import dev.kvern.runner.model.Transformer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code kvern verify-model}. */
@Command(
        name = "verify-model",
        mixinStandardHelpOptions = true,
        description =
                "Compares a model's logits with those of a reference computed elsewhere; exit code 1 beyond tolerance.")
final class VerifyModelCommand implements Callable<Integer> {
    private static final int BLOCK_TOKENS = 16;

    @Option(names = "--model", paramLabel = "DIR", required = true, description = "Hugging Face model directory.")
    private Path model = Path.of("");

    @Option(
            names = "--reference",
            paramLabel = "FILE",
            required = true,
            description = "safetensors file with input_ids int64 [n] and logits float32 [n, vocabulary].")
    private Path reference = Path.of("");

    @Option(
            names = "--tolerance",
            defaultValue = "1e-4",
            description = "Largest difference allowed, relative to the spread of the reference's logits (default:"
                    + " ${DEFAULT-VALUE}).")
    private double tolerance;

    @Option(names = "--device", defaultValue = "cpu", description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private String device = "";

    @Option(
            names = "--compute-dtype",
            defaultValue = "auto",
            description = "auto, fp32, bf16 or fp16 (default: ${DEFAULT-VALUE}).")
    private String computeDtype = "";

    @Override
    public Integer call() {
        LogitsVerification result;
        try (var bar = new ProgressBar("loading " + model);
                Transformer loaded =
                        ModelDirectory.open(model).load(LoadOptions.of(device, computeDtype, 0, BLOCK_TOKENS), bar)) {
            result = LogitsVerification.run(loaded, reference);
        }
        // A difference that is not a number is not within tolerance.
        boolean within = result.maxRelative() <= tolerance;
        System.out.printf("positions compared           %d%n", result.tokens());
        System.out.printf("largest absolute difference  %.3e%n", result.maxAbsolute());
        System.out.printf("largest relative difference  %.3e of the reference's spread%n", result.maxRelative());
        System.out.printf("greedy choices that agree    %d of %d%n", result.greedyAgreements(), result.tokens());
        System.out.printf("%s (tolerance %.3e)%n", within ? "within tolerance" : "OUTSIDE tolerance", tolerance);
        return within ? 0 : 1;
    }
}
