package dev.kvern.runner.model;

import dev.kvern.rpc.KvernException;

/**
 * How a model is loaded.
 *
 * @param device where it runs
 * @param computeType what it computes in, and what keys and values are kept in; fp16 on CUDA only
 * @param weights how matrices are kept; other than as computed only with fp32 on the CPU
 * @param threads CPU threads that one operator may use; 0 leaves PyTorch's default. Holds for the whole process
 * @param blockTokens tokens in a KV block
 * @param chunkTokens rows after which attention begins anew in a step of several chunks, so that the values do not depend on
 *     how many chunks it has
 */
public record LoadOptions(
        DeviceSpec device,
        ComputeType computeType,
        WeightFormat weights,
        int threads,
        int blockTokens,
        int chunkTokens) {
    private static final int MAX_THREADS = 1024;
    private static final int DEFAULT_CHUNK_TOKENS = 64;

    public LoadOptions {
        if (threads < 0 || threads > MAX_THREADS) {
            throw KvernException.misconfigured("threads", threads, "0 to " + MAX_THREADS);
        }
        if (blockTokens < 1) {
            throw KvernException.misconfigured("block_tokens", blockTokens, "at least 1");
        }
        if (chunkTokens < 1) {
            throw KvernException.misconfigured("chunk_tokens", chunkTokens, "at least 1");
        }
        if (computeType == ComputeType.FP16 && !device.cuda()) {
            throw KvernException.misconfigured("compute_dtype", computeType, "fp32 or bf16 on the CPU");
        }
        if (weights != WeightFormat.AS_COMPUTED && (device.cuda() || computeType != ComputeType.FP32)) {
            throw KvernException.misconfigured("weights", weights, "as computed, unless it is fp32 on the CPU");
        }
    }

    /**
     * The texts of a configuration, with chunks of 64 tokens.
     *
     * @param computeType "auto" (fp32 on the CPU, bf16 on CUDA), "fp32", "bf16"; "fp16", which on the CPU is how weights are
     *     kept and not what is computed in; on the CPU "int8", likewise
     * @throws KvernException MISCONFIGURED for anything else
     * @see DeviceSpec#parse
     */
    public static LoadOptions of(String device, String computeType, int threads, int blockTokens) {
        DeviceSpec spec = DeviceSpec.parse(device);
        return switch (computeType) {
            case "auto" -> of(spec, spec.cuda() ? ComputeType.BF16 : ComputeType.FP32, threads, blockTokens);
            case "fp32" -> of(spec, ComputeType.FP32, threads, blockTokens);
            case "bf16" -> of(spec, ComputeType.BF16, threads, blockTokens);
            case "fp16" ->
                spec.cuda()
                        ? of(spec, ComputeType.FP16, threads, blockTokens)
                        : of(spec, ComputeType.FP32, threads, blockTokens).with(WeightFormat.FP16);
            case "int8" -> {
                if (spec.cuda()) {
                    throw unknown(computeType, spec);
                }
                yield of(spec, ComputeType.FP32, threads, blockTokens).with(WeightFormat.INT8);
            }
            default -> throw unknown(computeType, spec);
        };
    }

    private static LoadOptions of(DeviceSpec device, ComputeType type, int threads, int blockTokens) {
        return new LoadOptions(device, type, WeightFormat.AS_COMPUTED, threads, blockTokens, DEFAULT_CHUNK_TOKENS);
    }

    private static KvernException unknown(String computeType, DeviceSpec device) {
        return KvernException.misconfigured(
                "compute_dtype",
                "'" + computeType + "'",
                device.cuda() ? "auto, bf16, fp16 or fp32" : "auto, fp32, bf16, fp16 or int8 on the CPU");
    }

    private LoadOptions with(WeightFormat format) {
        return new LoadOptions(device, computeType, format, threads, blockTokens, chunkTokens);
    }

    /** The same with chunks of so many tokens. */
    public LoadOptions withChunkTokens(int tokens) {
        return new LoadOptions(device, computeType, weights, threads, blockTokens, tokens);
    }

    /** What keys and values are kept in, as namespaces name it. */
    public String kvDtype() {
        return computeType.toString();
    }

    /** What decides the values' bits beside the weights, as configurations and namespaces name it. */
    public String computeDtype() {
        return switch (weights) {
            case AS_COMPUTED -> computeType.toString();
            case FP16 -> "fp16";
            case INT8 -> "int8";
        };
    }
}
