package dev.kvern.launcher.bench;

import dev.kvern.launcher.UsageException;
import dev.kvern.runner.model.DeviceSpec;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The checkpoint that is measured. */
final class ModelOption {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "Hugging Face model directory (default: seeded random weights in the shape of --shape, written"
                            + " once to the user's cache directory, XDG_CACHE_HOME).")
    private @Nullable Path model;

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            description = "Without --model: reference (12 layers, hidden 768, 12 heads, 4 key/value heads, feed-forward"
                    + " 2048, vocabulary 32000, fp32; 500 MB; the default on the CPU) or llama-8b (32 layers, hidden 4096,"
                    + " 32 heads, 8 key/value heads, feed-forward 14336, vocabulary 128256, bf16; 16 GB; the default on"
                    + " CUDA).")
    private @Nullable String shape;

    /** @param device which it is to run on */
    Path directory(DeviceSpec device, PrintStream out) throws IOException {
        if (model != null) {
            return model;
        }
        ModelShape chosen = shape == null
                ? device.cuda() ? ModelShape.LLAMA_8B : ModelShape.REFERENCE
                : ModelShape.named(shape)
                        .orElseThrow(
                                () -> new UsageException("--shape: '" + shape + "' (expected: reference or llama-8b)"));
        Path cache = RandomModel.cacheDirectory();
        out.println("model: random weights in the shape " + chosen.name() + ", in " + cache);
        return RandomModel.cached(chosen, cache);
    }
}
