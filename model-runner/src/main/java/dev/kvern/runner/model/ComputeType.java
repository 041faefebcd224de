package dev.kvern.runner.model;

import dev.kvern.rpc.KvernException;

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

    /**
     * Reads "fp32", "bf16", "fp16", or "auto": fp32 on the CPU, bf16 on CUDA.
     *
     * @throws KvernException MISCONFIGURED for anything else, and for fp16 on a CPU, which has no fast arithmetic for it
     */
    public static ComputeType parse(String text, DeviceSpec device) {
        String expected = device.cuda() ? "auto, bf16, fp16 or fp32" : "auto, fp32 or bf16 on the CPU";
        if (text.equals("auto")) {
            return device.cuda() ? BF16 : FP32;
        }
        for (ComputeType type : values()) {
            if (type.text.equals(text) && (type != FP16 || device.cuda())) {
                return type;
            }
        }
        throw KvernException.misconfigured("compute_dtype", "'" + text + "'", expected);
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
