package dev.kvern.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.runner.model.ModelDirectory;
import dev.kvern.runner.model.ProgressListener;
import dev.kvern.runner.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RandomModelTest {
    @TempDir
    private Path directory;

    @Test
    void writesWhatARunnerLoads() throws IOException {
        Path model = TinyModel.write(directory.resolve("model"));
        ModelDirectory opened = ModelDirectory.open(model);
        assertThat(opened.config().layers()).isEqualTo(2);
        assertThat(opened.config().contextTokens()).isEqualTo(512);
        try (Tokenizer tokenizer = Tokenizer.load(model)) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(64);
            assertThat(tokenizer.encode("w7 w63", true)).containsExactly(7, 63);
            assertThat(tokenizer.decode(new int[] {7, 63}, true)).isEqualTo("w7 w63");
        }
    }

    @Test
    void theSameShapeGivesTheSameWeights() throws IOException {
        assertThat(ModelDirectory.open(TinyModel.write(directory.resolve("a"))).digest(ProgressListener.NONE))
                .isEqualTo(ModelDirectory.open(TinyModel.write(directory.resolve("b")))
                        .digest(ProgressListener.NONE));
    }

    @Test
    void isWrittenOnceAndWhole() throws IOException {
        Path cache = directory.resolve("cache");
        Path first = RandomModel.cached(TinyModel.SHAPE, cache);
        Path weights = first.resolve("model.safetensors");
        var writtenAt = Files.getLastModifiedTime(weights);
        assertThat(RandomModel.cached(TinyModel.SHAPE, cache)).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(weights)).isEqualTo(writtenAt);
        try (var left = Files.list(cache)) {
            assertThat(left).containsExactly(first);
        }
    }
}
