package dev.kvern.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvern.runner.model.ModelDirectory;
import dev.kvern.runner.model.ProgressListener;
import dev.kvern.runner.text.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
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

    /** Bytes that were written when models were written by one thread: figures of old and new runs are of one model. */
    @Test
    void weightsStayTheSame() throws IOException {
        Path model = TinyModel.write(directory.resolve("model"));
        assertThat(ModelDirectory.open(model).digest(ProgressListener.NONE).toHex())
                .startsWith("0a9844684d60842b");
    }

    @Test
    void halvesAreTheRoundedWeights() throws IOException {
        ModelShape shape = TinyModel.SHAPE;
        var halved = new ModelShape("halved", 2, 32, 4, 2, 48, 64, 512, "bfloat16");
        RandomModel.write(shape, Files.createDirectories(directory.resolve("whole")));
        RandomModel.write(halved, Files.createDirectories(directory.resolve("halved")));
        FloatBuffer whole = values("whole").asFloatBuffer();
        ShortBuffer half = values("halved").asShortBuffer();
        assertThat(half.remaining()).isEqualTo(whole.remaining()).isPositive();
        while (whole.hasRemaining()) {
            float value = whole.get();
            float rounded = Float.intBitsToFloat(half.get() << 16);
            assertThat(rounded).isCloseTo(value, within(Math.abs(value) / 256));
        }
    }

    /** What follows the header. */
    private ByteBuffer values(String model) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(
                        Files.readAllBytes(directory.resolve(model).resolve("model.safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        return all.position(Long.BYTES + (int) all.getLong(0)).slice().order(ByteOrder.LITTLE_ENDIAN);
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
