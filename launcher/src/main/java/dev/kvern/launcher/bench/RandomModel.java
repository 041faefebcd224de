package dev.kvern.launcher.bench;

import dev.kvern.runner.model.ModelConfig;
import dev.kvern.runner.model.WeightPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Writes Hugging Face model directories with seeded random weights: config.json, model.safetensors, and a tokenizer.json
 * with a word for each id, since a runner wants one even for prompts of token ids. Stateless.
 */
final class RandomModel {
    private static final long SEED = 1;

    /** Part of the directory's name: raised when the same shape and seed come to give other bytes. */
    private static final int REVISION = 1;

    /** Spread of the logits: about that of a trained model, where greedy choices are neither certain nor all alike. */
    private static final double LOGIT_SPREAD = 3;

    private static final int BUFFER_BYTES = 1 << 20;

    private RandomModel() {}

    /** The user's directory for what can be made again. */
    static Path cacheDirectory() {
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path base = xdg == null || xdg.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(xdg);
        return base.resolve("kvern").resolve("bench");
    }

    /** The directory of a shape's model, written if it is not there. */
    static Path cached(ModelShape shape, Path cache) throws IOException {
        Path target = cache.resolve(shape.name() + "-seed" + SEED + "-r" + REVISION);
        if (Files.isDirectory(target)) {
            return target;
        }
        Files.createDirectories(cache);
        Path unfinished = Files.createTempDirectory(cache, shape.name() + "-");
        try (var directory = new TemporaryDirectory(unfinished)) {
            write(shape, directory.path());
            // Appears whole or not at all.
            Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            // Someone else may have written it meanwhile.
            if (!Files.isDirectory(target)) {
                throw e;
            }
        }
        return target;
    }

    static void write(ModelShape shape, Path directory) throws IOException {
        Files.writeString(directory.resolve("config.json"), shape.configJson());
        Files.writeString(directory.resolve("tokenizer.json"), tokenizerJson(shape.vocabulary()));
        Map<String, List<Long>> tensors = WeightPlan.of(ModelConfig.read(directory.resolve("config.json")))
                .tensors();
        byte[] header = header(tensors, shape.type());
        var random = new SplittableRandom(SEED);
        var tasks = new ArrayList<Tensor>();
        long offset = header.length;
        for (Map.Entry<String, List<Long>> tensor : tensors.entrySet()) {
            tasks.add(new Tensor(tensor.getKey(), tensor.getValue(), offset, random.split()));
            offset += count(tensor.getValue()) * bytes(shape.type());
        }
        try (FileChannel file = FileChannel.open(
                directory.resolve("model.safetensors"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeAll(file, ByteBuffer.wrap(header), 0);
            // Billions of weights: each tensor has a generator of its own, so that the order does not matter.
            tasks.parallelStream().forEach(tensor -> writeValues(file, tensor, shape.type()));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** A tensor to be written. */
    private record Tensor(String name, List<Long> shape, long offset, SplittableRandom random) {}

    private static byte[] header(Map<String, List<Long>> tensors, String type) {
        var header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        String name = type.equals("bfloat16") ? "BF16" : "F32";
        long offset = 0;
        for (Map.Entry<String, List<Long>> tensor : tensors.entrySet()) {
            long end = offset + count(tensor.getValue()) * bytes(type);
            header.append(",\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                    .formatted(tensor.getKey(), name, tensor.getValue(), offset, end));
            offset = end;
        }
        header.append('}');
        // Tensors begin at a multiple of 64, as safetensors' own writer has it.
        header.append(" ".repeat((64 - (header.length() + Long.BYTES) % 64) % 64));
        return ByteBuffer.allocate(Long.BYTES + header.length())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length())
                .put(header.toString().getBytes(StandardCharsets.US_ASCII))
                .array();
    }

    private static int bytes(String type) {
        return type.equals("bfloat16") ? Short.BYTES : Float.BYTES;
    }

    private static void writeValues(FileChannel file, Tensor tensor, String type) {
        long inputs = tensor.shape().get(tensor.shape().size() - 1);
        double mean = tensor.name().contains("norm") ? 1 : 0;
        double spread = switch (kind(tensor.name())) {
            case "norm" -> 0.1;
            case "embed_tokens" -> 1;
            case "lm_head" -> LOGIT_SPREAD / Math.sqrt(inputs);
            default -> 1 / Math.sqrt(inputs);
        };
        boolean half = type.equals("bfloat16");
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        long at = tensor.offset();
        long values = count(tensor.shape());
        try {
            for (long i = 0; i < values; i++) {
                float value = (float) (mean + spread * tensor.random().nextGaussian());
                if (half) {
                    buffer.putShort(bfloat16(value));
                } else {
                    buffer.putFloat(value);
                }
                if (!buffer.hasRemaining() || i == values - 1) {
                    int length = buffer.position();
                    writeAll(file, buffer.flip(), at);
                    at += length;
                    buffer.clear();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The upper half of the value's bits, rounded to nearest, ties to even. */
    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    private static void writeAll(FileChannel file, ByteBuffer bytes, long at) throws IOException {
        long next = at;
        while (bytes.hasRemaining()) {
            next += file.write(bytes, next);
        }
    }

    private static String kind(String tensor) {
        return List.of("norm", "embed_tokens", "lm_head").stream()
                .filter(tensor::contains)
                .findFirst()
                .orElse("");
    }

    private static long count(List<Long> shape) {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    private static String tokenizerJson(int vocabulary) {
        var words = new StringBuilder();
        for (int id = 0; id < vocabulary; id++) {
            words.append(id == 0 ? "" : ",")
                    .append("\"w")
                    .append(id)
                    .append("\":")
                    .append(id);
        }
        return """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,\
                "pre_tokenizer":{"type":"WhitespaceSplit"},"post_processor":null,"decoder":null,\
                "model":{"type":"WordLevel","unk_token":"w0","vocab":{%s}}}
                """.formatted(words);
    }
}
