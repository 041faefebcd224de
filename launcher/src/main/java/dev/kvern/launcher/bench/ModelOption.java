package dev.kvern.launcher.bench;

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
            description = "Hugging Face model directory (default: seeded random weights in the reference shape, written"
                    + " once to the user's cache directory: 12 layers, hidden 768, 12 heads, 4 key/value heads,"
                    + " feed-forward 2048, vocabulary 32000; 500 MB).")
    private @Nullable Path model;

    Path directory(PrintStream out) throws IOException {
        if (model != null) {
            return model;
        }
        Path cache = RandomModel.cacheDirectory();
        out.println("model: random weights in the reference shape, in " + cache);
        return RandomModel.cached(ModelShape.REFERENCE, cache);
    }
}
