package dev.kvern.runner.model.safetensors;

import java.util.Arrays;
import java.util.Optional;

/** Element types that are read here, under the format's names; a file may hold others. */
public enum TensorType {
    F32(4),
    F16(2),
    BF16(2),
    I64(8);

    private final int bytes;

    TensorType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    static Optional<TensorType> of(String name) {
        return Arrays.stream(values()).filter(t -> t.name().equals(name)).findFirst();
    }
}
