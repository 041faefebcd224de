package dev.kvern.runner.model.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Parses and checks the JSON header of a safetensors file. Confined to a thread. */
final class SafetensorsHeader {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final String METADATA = "__metadata__";

    /** Bits of one element of the types that the format names. */
    private static final Map<String, Integer> ELEMENT_BITS = Map.ofEntries(
            Map.entry("BOOL", 8),
            Map.entry("U8", 8),
            Map.entry("I8", 8),
            Map.entry("F8_E5M2", 8),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E8M0", 8),
            Map.entry("I16", 16),
            Map.entry("U16", 16),
            Map.entry("F16", 16),
            Map.entry("BF16", 16),
            Map.entry("I32", 32),
            Map.entry("U32", 32),
            Map.entry("F32", 32),
            Map.entry("C64", 64),
            Map.entry("F64", 64),
            Map.entry("I64", 64),
            Map.entry("U64", 64));

    private final Path path;
    private final long dataOffset;
    private final long fileBytes;

    SafetensorsHeader(Path path, long dataOffset, long fileBytes) {
        this.path = path;
        this.dataOffset = dataOffset;
        this.fileBytes = fileBytes;
    }

    Map<String, TensorEntry> parse(byte[] json) throws IOException {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    path + ": header is not JSON (expected: a safetensors header): " + e.getOriginalMessage(),
                    e);
        }
        if (!root.isObject()) {
            throw KvernException.misconfigured(path + ": header", root.getNodeType(), "a JSON object");
        }
        var tensors = new LinkedHashMap<String, TensorEntry>();
        for (var field : root.properties()) {
            if (!field.getKey().equals(METADATA)) {
                tensors.put(field.getKey(), entry(field.getKey(), field.getValue()));
            }
        }
        return Collections.unmodifiableMap(tensors);
    }

    private TensorEntry entry(String name, JsonNode node) {
        String what = path + ": tensor " + name;
        String type = node.path("dtype").asText();
        Integer bits = ELEMENT_BITS.get(type);
        List<Long> shape = longs(what + ": shape", node.path("shape"));
        List<Long> offsets = longs(what + ": data_offsets", node.path("data_offsets"));
        if (bits == null) {
            throw KvernException.misconfigured(what + ": dtype", "'" + type + "'", "a safetensors type such as F32");
        }
        if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
            throw KvernException.misconfigured(what + ": data_offsets", offsets, "[begin, end]");
        }
        long begin = offsets.get(0);
        long end = offsets.get(1);
        if (end > fileBytes - dataOffset) {
            throw KvernException.misconfigured(
                    path + ": file size",
                    fileBytes,
                    "at least " + (dataOffset + end) + ", where tensor " + name + " ends; it is truncated");
        }
        if (end - begin != byteCount(what, bits, shape)) {
            throw KvernException.misconfigured(
                    what + ": data_offsets",
                    (end - begin) + " bytes",
                    byteCount(what, bits, shape) + " bytes for " + type + " " + shape);
        }
        return new TensorEntry(name, type, shape, dataOffset + begin, end - begin);
    }

    private static long byteCount(String what, int bits, List<Long> shape) {
        try {
            long count = 1;
            for (long size : shape) {
                count = Math.multiplyExact(count, size);
            }
            return Math.multiplyExact(count, bits) / Byte.SIZE;
        } catch (ArithmeticException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED, what + ": shape: " + shape + " (expected: less than 2^63 bits)", e);
        }
    }

    private static List<Long> longs(String what, JsonNode node) {
        var values = new ArrayList<Long>();
        boolean good = node.isArray();
        for (JsonNode item : node) {
            good &= item.isIntegralNumber() && item.canConvertToLong() && item.longValue() >= 0;
            values.add(item.asLong());
        }
        if (!good) {
            throw KvernException.misconfigured(what, node, "a list of whole numbers of at least 0");
        }
        return values;
    }
}
