package dev.kvern.runner.model;

import dev.kvern.runner.model.safetensors.SafetensorsFile;
import dev.kvern.runner.model.safetensors.TensorEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Checkpoints with logits that transformers computed; made by make_fixtures.py beside them. */
final class Fixtures {
    static final Path ROOT = Path.of("src/test/fixtures");
    /** One thread: of two, each waits for the other after every one of many tiny operators, long on a busy machine. */
    static final LoadOptions CPU_FP32 = LoadOptions.of("cpu", "fp32", 1, 16);

    private Fixtures() {}

    /** Every checkpoint: the directories with a greedy continuation. */
    static List<Path> checkpoints() {
        try (Stream<Path> paths = Files.list(ROOT)) {
            return paths.filter(p -> Files.exists(p.resolve("greedy.safetensors")))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static List<Path> references(Path checkpoint) {
        try (Stream<Path> paths = Files.list(checkpoint)) {
            return paths.filter(p -> p.getFileName().toString().matches("ref-\\d+\\.safetensors"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static Transformer load(Path checkpoint) {
        return ModelDirectory.open(checkpoint).load(CPU_FP32, ProgressListener.NONE);
    }

    static int[] ids(SafetensorsFile file, String name) {
        TensorEntry entry = file.tensor(name);
        var values = file.read(entry, 0, (int) entry.bytes()).asLongBuffer();
        return IntStream.range(0, values.remaining())
                .map(i -> (int) values.get(i))
                .toArray();
    }

    static float[] floats(SafetensorsFile file, String name) {
        TensorEntry entry = file.tensor(name);
        float[] values = new float[(int) (entry.bytes() / Float.BYTES)];
        file.read(entry, 0, (int) entry.bytes()).asFloatBuffer().get(values);
        return values;
    }
}
