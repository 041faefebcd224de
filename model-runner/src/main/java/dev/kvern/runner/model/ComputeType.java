package dev.kvern.runner.model;

/** The type that the arithmetic is done in and that keys and values are kept in. */
public enum ComputeType {
    FP32("fp32", 4),
    BF16("bf16", 2),
    FP16("fp16", 2);

    private final String text;
    private final int bytes;

    ComputeType(String text, int bytes) {
        this.text = text;
        this.bytes = bytes;
    }

    /** Bytes of one value. */
    public int bytes() {
        return bytes;
    }

    /** The name in configurations and namespaces. */
    @Override
    public String toString() {
        return text;
    }
}
