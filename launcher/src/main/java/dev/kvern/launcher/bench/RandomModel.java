package dev.kvern.launcher.bench;

import dev.kvern.runner.model.ModelConfig;
import dev.kvern.runner.model.WeightPlan;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Writes Hugging Face model directories with seeded random fp32 weights: config.json, model.safetensors, and a tokenizer.json
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
        var random = new SplittableRandom(SEED);
        try (var out =
                new BufferedOutputStream(Files.newOutputStream(directory.resolve("model.safetensors")), BUFFER_BYTES)) {
            writeHeader(out, tensors);
            for (Map.Entry<String, List<Long>> tensor : tensors.entrySet()) {
                writeValues(out, tensor.getKey(), tensor.getValue(), random.split());
            }
        }
    }

    private static void writeHeader(OutputStream out, Map<String, List<Long>> tensors) throws IOException {
        var header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        long offset = 0;
        for (Map.Entry<String, List<Long>> tensor : tensors.entrySet()) {
            long end = offset + count(tensor.getValue()) * Float.BYTES;
            header.append(",\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                    .formatted(tensor.getKey(), tensor.getValue(), offset, end));
            offset = end;
        }
        header.append('}');
        // Tensors begin at a multiple of 64, as safetensors' own writer has it.
        header.append(" ".repeat((64 - (header.length() + Long.BYTES) % 64) % 64));
        out.write(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length())
                .array());
        out.write(header.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private static void writeValues(OutputStream out, String name, List<Long> shape, SplittableRandom random)
            throws IOException {
        long inputs = shape.get(shape.size() - 1);
        double mean = name.contains("norm") ? 1 : 0;
        double spread = switch (kind(name)) {
            case "norm" -> 0.1;
            case "embed_tokens" -> 1;
            case "lm_head" -> LOGIT_SPREAD / Math.sqrt(inputs);
            default -> 1 / Math.sqrt(inputs);
        };
        ByteBuffer row = ByteBuffer.allocate((int) inputs * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long i = 0; i < count(shape) / inputs; i++) {
            row.clear();
            for (long j = 0; j < inputs; j++) {
                row.putFloat((float) (mean + spread * random.nextGaussian()));
            }
            out.write(row.array());
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
