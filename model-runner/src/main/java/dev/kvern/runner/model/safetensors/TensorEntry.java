package dev.kvern.runner.model.safetensors;

import java.util.List;
import java.util.Optional;

/**
 * A tensor in a safetensors file, its bytes checked to lie within the file and to be as many as type and shape say.
 *
 * @param name unique within the file
 * @param typeName the format's name of the element type, which may be one that is not read here
 * @param shape sizes of the dimensions; empty for a scalar
 * @param offset of its first byte in the file
 * @param bytes its length
 */
public record TensorEntry(String name, String typeName, List<Long> shape, long offset, long bytes) {
    public TensorEntry {
        shape = List.copyOf(shape);
    }

    /** The element type, if it is one that is read here. */
    public Optional<TensorType> type() {
        return TensorType.of(typeName);
    }
}
