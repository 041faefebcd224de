package dev.kvern.runner.model.torch;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.kvern.runner.model.ComputeType;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.OutOfDeviceMemoryException;
import dev.kvern.runner.model.RopeScaling;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * decoder.ts.py, loaded: its methods as Java calls. Every result is owned by the manager given, or freed here. Thread-safe,
 * as far as the tensors passed are.
 */
final class DecoderProgram implements AutoCloseable {
    private static final String SOURCE = "/dev/kvern/runner/model/decoder.ts.py";
    private static final String CLASS = "Decoder";

    private final PtSymbolBlock module;

    private DecoderProgram(PtSymbolBlock module) {
        this.module = module;
    }

    static DecoderProgram load(PtNDManager manager) {
        return of(manager, source());
    }

    /** A program of another text, for tests. */
    static DecoderProgram of(PtNDManager manager, String source) {
        return new DecoderProgram(TorchScriptArchive.loadText(manager, CLASS, source));
    }

    static String source() {
        return TorchScriptArchive.text(SOURCE);
    }

    /** Uninitialised memory.
     *
     * @throws EngineException if the device is not there or full
     */
    PtNDArray empty(PtNDManager owner, long[] shape, ComputeType type, DeviceSpec device) {
        return tensor(
                owner, "empty", IValue.listFrom(shape), IValue.from(scalarType(type)), IValue.from(device.toString()));
    }

    /** Copies {@code source} into {@code target} from {@code firstRow} of the first dimension on, converting. */
    void fill(PtNDArray target, long firstRow, PtNDArray source, boolean isBfloat16) {
        call("fill", IValue.from(target), IValue.from(firstRow), IValue.from(source), IValue.from(isBfloat16))
                .close();
    }

    /** Rotary frequencies, fp32 {@code [headDim / 2]}. */
    PtNDArray frequencies(PtNDManager owner, int headDim, RopeScaling rope, DeviceSpec device) {
        return tensor(
                owner,
                "frequencies",
                IValue.from((long) headDim),
                IValue.from((long) rope.type().ordinal()),
                IValue.listFrom(
                        rope.theta(),
                        rope.factor(),
                        rope.lowFreqFactor(),
                        rope.highFreqFactor(),
                        rope.originalContext()),
                IValue.from(device.toString()));
    }

    /** A matrix in the order that oneDNN's products like, a copy. */
    PtNDArray pack(PtNDManager owner, PtNDArray weight, long rows) {
        return tensor(owner, "pack", IValue.from(weight), IValue.from(rows));
    }

    /** The scale of each row of a matrix for {@link #quantize}, bf16. */
    PtNDArray scales(PtNDManager owner, PtNDArray weight) {
        return tensor(owner, "scales", IValue.from(weight));
    }

    /** A matrix over its rows' scales, rounded to int8. */
    PtNDArray quantize(PtNDManager owner, PtNDArray weight, PtNDArray scales) {
        return tensor(owner, "quantize", IValue.from(weight), IValue.from(scales));
    }

    /** One layer's keys, or values, of a whole pool: a vector, not copied. */
    PtNDArray plane(PtNDManager owner, PtNDArray pool, long index) {
        return tensor(owner, "plane", IValue.from(pool), IValue.from(index));
    }

    /** Part of a vector, not copied. */
    PtNDArray part(PtNDManager owner, PtNDArray vector, long first, long count) {
        return tensor(owner, "part", IValue.from(vector), IValue.from(first), IValue.from(count));
    }

    /** Fills a tensor with zeros. */
    void clear(PtNDArray tensor) {
        call("clear", IValue.from(tensor)).close();
    }

    /**
     * Copies of blocks, one after the other, where the pool is.
     *
     * @throws OutOfDeviceMemoryException if there is no memory for them
     */
    PtNDArray gather(PtNDManager owner, PtNDArray pool, int[] blocks) {
        return memoryBound(() -> tensor(owner, "gather", IValue.from(pool), IValue.listFrom(longs(blocks))));
    }

    /** Overwrites blocks with bytes that are where the pool is. */
    void scatter(PtNDArray pool, int[] blocks, PtNDArray bits) {
        call("scatter", IValue.from(pool), IValue.listFrom(longs(blocks)), IValue.from(bits))
                .close();
    }

    /**
     * The host's bytes where the pool is; the copy may only be queued.
     *
     * @throws OutOfDeviceMemoryException if there is no memory for it
     */
    PtNDArray upload(PtNDManager owner, PtNDArray bits, PtNDArray pool) {
        return memoryBound(() -> tensor(owner, "upload", IValue.from(bits), IValue.from(pool)));
    }

    /** Overwrites the host's bytes with what {@link #gather} returned; the copy may only be queued. */
    void download(PtNDArray copied, PtNDArray bits) {
        call("download", IValue.from(copied), IValue.from(bits)).close();
    }

    /**
     * Runs tokens of a sequence through the decoder; the arguments are those of decoder.ts.py and stay the caller's.
     *
     * @throws OutOfDeviceMemoryException if there is no memory for so many
     */
    IValue step(IValue... arguments) {
        return run("step", arguments);
    }

    /**
     * Runs a token of each of several sequences; the arguments are those of decoder.ts.py and stay the caller's.
     *
     * @throws OutOfDeviceMemoryException if there is no memory for so many
     */
    IValue decode(IValue... arguments) {
        return run("decode", arguments);
    }

    private IValue run(String method, IValue... arguments) {
        unoptimised();
        return memoryBound(() -> IValueUtils.runMethod(module, method, arguments));
    }

    /** Runs what may find no memory, and lets its caller tell that from other failures. */
    private static <T> T memoryBound(Supplier<T> work) {
        try {
            return work.get();
        } catch (EngineException e) {
            throw TorchFailures.of(e);
        }
    }

    @Override
    public void close() {
        module.close();
    }

    private PtNDArray tensor(PtNDManager owner, String method, IValue... arguments) {
        try (IValue result = call(method, arguments)) {
            return result.toTensor(owner);
        }
    }

    /** Runs a method and frees its arguments' handles. */
    private IValue call(String method, IValue... arguments) {
        unoptimised();
        try {
            return IValueUtils.runMethod(module, method, arguments);
        } finally {
            for (IValue argument : arguments) {
                argument.close();
            }
        }
    }

    /** The optimiser would specialise and recompile for each new shape, and every step has one. Set for each thread. */
    private static void unoptimised() {
        JniUtils.setGraphExecutorOptimize(false);
    }

    /** PyTorch's number for a type (c10/core/ScalarType.h). */
    private static long scalarType(ComputeType type) {
        return switch (type) {
            case FP16 -> 5;
            case FP32 -> 6;
            case BF16 -> 15;
        };
    }

    /** DJL's type of bytes as {@link #upload} and {@link #download} take them. */
    static DataType bitsType() {
        return DataType.INT8;
    }

    private static long[] longs(int[] values) {
        return Arrays.stream(values).asLongStream().toArray();
    }
}
