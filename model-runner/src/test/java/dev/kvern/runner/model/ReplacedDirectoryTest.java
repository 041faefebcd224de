package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Model files that change while, and after, they are loaded. */
class ReplacedDirectoryTest {
    private static final int[] TOKENS = IntStream.range(1, 33).toArray();

    @TempDir
    Path root;

    private Path directory;
    private Path weights;

    @BeforeEach
    void write() {
        directory = RandomCheckpoint.write(root.resolve("model"), RandomCheckpoint.SMALL_CONFIG, 7);
        weights = directory.resolve("model.safetensors");
    }

    @Test
    void whatWasLoadedDoesNotNeedTheFilesAnyMore() throws IOException {
        try (Transformer model = ModelDirectory.open(directory).load(Fixtures.CPU_FP32, ProgressListener.NONE);
                KvMemory kv = model.allocate(4)) {
            float[] before = logits(model, kv);
            // In place, as cp does it: a mapping would follow.
            truncate(0);
            assertThat(logits(model, kv)).isEqualTo(before);
            Files.delete(weights);
            Files.delete(directory.resolve("config.json"));
            assertThat(logits(model, kv)).isEqualTo(before);
        }
    }

    @Test
    void aFileThatIsCutShortMeanwhileIsAnErrorAndNoCrash() {
        KvernException failure =
                failure(directory, () -> truncate(weights.toFile().length() / 2));
        assertThat(failure)
                .hasMessageContaining("model.safetensors: cannot be read any more")
                .hasMessageContaining("shorter");
    }

    @Test
    void aTensorThatChangesBetweenDigestAndLoadingIsFoundByItsBytes() throws IOException {
        ModelDirectory opened = ModelDirectory.open(directory);
        opened.digest(ProgressListener.NONE);
        FileTime before = Files.getLastModifiedTime(weights);
        flipLastBit();
        // As if the clock were too coarse to tell.
        Files.setLastModifiedTime(weights, before);
        var failure =
                catchThrowableOfType(KvernException.class, () -> opened.load(Fixtures.CPU_FP32, ProgressListener.NONE));
        assertThat(failure.reason()).isEqualTo(ErrorReason.MISCONFIGURED);
        assertThat(failure).hasMessageMatching(".*model.safetensors: tensor \\S+ changed while .* \\(expected: .*");
    }

    @Test
    void otherWeightsUnderTheSameNameAreFound() {
        Path other = RandomCheckpoint.write(root.resolve("other"), RandomCheckpoint.SMALL_CONFIG, 8);
        KvernException failure = failure(
                directory,
                () -> Files.move(other.resolve("model.safetensors"), weights, StandardCopyOption.REPLACE_EXISTING));
        assertThat(failure).hasMessageContaining("model.safetensors changed while the model was loaded");
    }

    @Test
    void soIsATokenizerOfAnotherModel() throws IOException {
        Path tokenizer = Files.writeString(directory.resolve("tokenizer.json"), "{}");
        KvernException failure = failure(directory, () -> Files.writeString(tokenizer, "{ }"));
        assertThat(failure).hasMessageContaining(directory + ": tokenizer.json changed while the model was loaded");
    }

    @Test
    void filesThatAreNotReadMayChange() {
        var done = new AtomicBoolean();
        ModelDirectory.open(directory)
                .load(Fixtures.CPU_FP32, (bytes, total) -> {
                    try {
                        Files.writeString(directory.resolve("trainer_state.json"), "step " + bytes);
                        done.set(true);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .close();
        assertThat(done).isTrue();
    }

    @Test
    void theReplacedDirectoryHasAnotherDigest() {
        var before = ModelDirectory.open(directory).digest(ProgressListener.NONE);
        RandomCheckpoint.write(directory, RandomCheckpoint.SMALL_CONFIG, 8);
        assertThat(ModelDirectory.open(directory).digest(ProgressListener.NONE)).isNotEqualTo(before);
    }

    /** Loads a model; when the first bytes of it have been read {@code change} happens. */
    private static KvernException failure(Path directory, Change change) {
        var first = new AtomicBoolean(true);
        ModelDirectory opened = ModelDirectory.open(directory);
        var failure = catchThrowableOfType(
                KvernException.class,
                () -> opened.load(Fixtures.CPU_FP32, (bytes, total) -> {
                            if (first.getAndSet(false)) {
                                try {
                                    change.make();
                                } catch (IOException e) {
                                    throw new UncheckedIOException(e);
                                }
                            }
                        })
                        .close());
        assertThat(failure).as("loading is refused").isNotNull();
        assertThat(failure.reason()).isEqualTo(ErrorReason.MISCONFIGURED);
        assertThat(failure).hasMessageContaining("expected: ");
        return failure;
    }

    private static float[] logits(Transformer model, KvMemory kv) {
        return model.step(kv, new int[] {0, 1, 2, 3}, 0, TOKENS, TOKENS.length, TOKENS.length);
    }

    private void truncate(long bytes) throws IOException {
        try (FileChannel file = FileChannel.open(weights, StandardOpenOption.WRITE)) {
            file.truncate(bytes);
        }
    }

    private void flipLastBit() throws IOException {
        try (FileChannel file = FileChannel.open(weights, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer last = ByteBuffer.allocate(1);
            file.read(last, file.size() - 1);
            file.write(last.flip().put(0, (byte) (last.get(0) ^ 1)), file.size() - 1);
        }
    }

    private interface Change {
        void make() throws IOException;
    }
}
