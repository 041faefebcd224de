package dev.kvern.runner.model;

import dev.kvern.rpc.KvernException;

/**
 * How a model is loaded.
 *
 * @param device where it runs
 * @param computeType what it computes in; fp16 on CUDA only
 * @param threads CPU threads that one operator may use; 0 leaves PyTorch's default. Holds for the whole process
 * @param blockTokens tokens in a KV block
 */
public record LoadOptions(DeviceSpec device, ComputeType computeType, int threads, int blockTokens) {
    private static final int MAX_THREADS = 1024;

    public LoadOptions {
        if (threads < 0 || threads > MAX_THREADS) {
            throw KvernException.misconfigured("threads", threads, "0 to " + MAX_THREADS);
        }
        if (blockTokens < 1) {
            throw KvernException.misconfigured("block_tokens", blockTokens, "at least 1");
        }
        if (computeType == ComputeType.FP16 && !device.cuda()) {
            throw KvernException.misconfigured("compute_dtype", computeType, "fp32 or bf16 on the CPU");
        }
    }

    /** The texts of a configuration: see {@link DeviceSpec#parse} and {@link ComputeType#parse}. */
    public static LoadOptions of(String device, String computeType, int threads, int blockTokens) {
        DeviceSpec spec = DeviceSpec.parse(device);
        return new LoadOptions(spec, ComputeType.parse(computeType, spec), threads, blockTokens);
    }
}
