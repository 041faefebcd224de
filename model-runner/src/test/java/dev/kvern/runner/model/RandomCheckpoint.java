package dev.kvern.runner.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Writes model directories with seeded random fp32 weights, and safetensors files byte by byte. */
final class RandomCheckpoint {
    /** A Llama with grouped queries: 2 layers, 4 query and 2 key heads of 8, vocabulary 64. */
    static final String SMALL_CONFIG = """
            {"architectures": ["LlamaForCausalLM"], "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "hidden_act": "silu"}
            """;

    private RandomCheckpoint() {}

    /** A tensor's header fields and bytes. */
    record Tensor(String type, List<Long> shape, byte[] bytes) {}

    static Path write(Path directory, String configJson, long seed) {
        Map<String, Tensor> tensors = writeConfig(directory, configJson, seed);
        writeFile(directory.resolve("model.safetensors"), tensors);
        return directory;
    }

    /** config.json alone; returns the tensors that belong to it. */
    static Map<String, Tensor> writeConfig(Path directory, String configJson, long seed) {
        try {
            Files.createDirectories(directory);
            Files.writeString(directory.resolve("config.json"), configJson);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        var random = new Random(seed);
        var tensors = new TreeMap<String, Tensor>();
        WeightPlan.of(ModelConfig.read(directory.resolve("config.json")))
                .tensors()
                .forEach((name, shape) -> tensors.put(name, random(random, name, shape)));
        return tensors;
    }

    private static Tensor random(Random random, String name, List<Long> shape) {
        int count = (int) shape.stream().mapToLong(Long::longValue).reduce(1, Math::multiplyExact);
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        double scale = name.contains("embed") ? 0.5 : 1.5 / Math.sqrt(shape.get(shape.size() - 1));
        for (int i = 0; i < count; i++) {
            double normal = random.nextGaussian();
            bytes.putFloat((float) (name.contains("norm") ? 1 + 0.2 * normal : scale * normal));
        }
        return new Tensor("F32", shape, bytes.array());
    }

    static void writeFile(Path path, Map<String, Tensor> tensors) {
        var header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        long offset = 0;
        for (var tensor : tensors.entrySet()) {
            long end = offset + tensor.getValue().bytes().length;
            header.append(",\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                    .formatted(
                            tensor.getKey(),
                            tensor.getValue().type(),
                            tensor.getValue().shape(),
                            offset,
                            end));
            offset = end;
        }
        writeFile(
                path,
                header.append('}').toString(),
                tensors.values().stream().map(Tensor::bytes).toList());
    }

    static void writeFile(Path path, String header, List<byte[]> parts) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        try (var out = Files.newOutputStream(path)) {
            out.write(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(json.length)
                    .array());
            out.write(json);
            for (byte[] part : parts) {
                out.write(part);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The same tensors dealt to two files, with an index. */
    static void writeTwoShards(Path directory, Map<String, Tensor> tensors) {
        var shards = List.of(new LinkedHashMap<String, Tensor>(), new LinkedHashMap<String, Tensor>());
        var index = new LinkedHashMap<String, String>();
        int next = 0;
        for (var tensor : tensors.entrySet()) {
            shards.get(next % 2).put(tensor.getKey(), tensor.getValue());
            index.put(tensor.getKey(), "model-0000" + (next++ % 2 + 1) + "-of-00002.safetensors");
        }
        writeFile(directory.resolve("model-00001-of-00002.safetensors"), shards.get(0));
        writeFile(directory.resolve("model-00002-of-00002.safetensors"), shards.get(1));
        writeIndex(directory, index);
    }

    static void writeIndex(Path directory, Map<String, String> index) {
        String entries = index.entrySet().stream()
                .map(e -> "\"" + e.getKey() + "\": \"" + e.getValue() + "\"")
                .collect(Collectors.joining(", "));
        try {
            Files.writeString(
                    directory.resolve("model.safetensors.index.json"),
                    "{\"metadata\": {}, \"weight_map\": {" + entries + "}}");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
