package dev.kvern.runner.model.torch;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.model.DeviceSpec;
import java.util.Map;
import java.util.Set;

/**
 * Measures what a machine can do at most, with the PyTorch that models run in: limits.ts.py. A decode step cannot be faster
 * than its weights can be read, a prefill not faster than matrices can be multiplied. Confined to a thread.
 */
public final class MachineLimits implements AutoCloseable {
    private static final String SOURCE = "/dev/kvern/runner/model/limits.ts.py";
    private static final String CLASS = "Limits";

    /** Types whose products can be measured, and PyTorch's numbers for them (c10/core/ScalarType.h). */
    private static final Map<String, Long> TYPES = Map.of("fp16", 5L, "fp32", 6L, "bf16", 15L);

    private static final long COLUMNS = 4096;
    private static final int READ_KINDS = 3;
    private static final int ATTEMPTS = 3;
    private static final double SLOW_SECONDS = 1;

    private final PtNDManager owner;
    private final PtSymbolBlock module;
    private final DeviceSpec device;
    private final long readRows;
    private final long productSize;
    private final int times;

    private MachineLimits(DeviceSpec device, boolean quick) {
        this.device = device;
        // Far beyond what processors cache; on a GPU so much that a kernel's start does not count.
        this.readRows = device.cuda() ? 1 << 16 : quick ? 1 << 11 : 1 << 14;
        this.productSize = device.cuda() ? 8192 : quick ? 512 : 2048;
        this.times = device.cuda() ? 16 : 1;
        this.owner = TorchRuntime.newManager();
        this.module = TorchScriptArchive.load(owner, CLASS, SOURCE);
    }

    /**
     * Loads PyTorch and the program.
     *
     * @param threads CPU threads an operator may use, for the whole process; 0 leaves what is set
     * @param quick smaller tensors: to see that it works, not to measure
     * @throws KvernException MISCONFIGURED if PyTorch or the device is not there
     */
    public static MachineLimits open(DeviceSpec device, int threads, boolean quick) {
        TorchRuntime.start(threads);
        if (device.cuda() && !TorchRuntime.hasCuda()) {
            throw KvernException.misconfigured("device", device, "a device that this PyTorch can use");
        }
        return new MachineLimits(device, quick);
    }

    /** Types that {@link #productFlops} knows. */
    public static Set<String> productTypes() {
        return Set.copyOf(TYPES.keySet());
    }

    /** Bytes of memory read in a second: the best of several attempts in several ways. */
    public double readBytesPerSecond() {
        return PassingThread.call("kvern-read-limit", this::measureReading);
    }

    private double measureReading() {
        double best = 0;
        try (PtNDArray x = values("fp32", readRows, COLUMNS);
                PtNDArray v = values("fp32", COLUMNS)) {
            double bytes = (double) times * readRows * COLUMNS * Float.BYTES;
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                for (long kind = 0; kind < READ_KINDS; kind++) {
                    double seconds = seconds(
                            "read", IValue.from(x), IValue.from(v), IValue.from(kind), IValue.from((long) times));
                    best = Math.max(best, bytes / seconds);
                }
            }
        }
        return best;
    }

    /**
     * Floating-point operations in a second, a multiplication and an addition counted as two, in the product of two square
     * matrices: the best of several attempts.
     *
     * @param type one of {@link #productTypes}
     */
    public double productFlops(String type) {
        return PassingThread.call("kvern-product-limit", () -> measureProduct(type));
    }

    private double measureProduct(String type) {
        double best = 0;
        try (PtNDArray a = values(type, productSize, productSize);
                PtNDArray b = values(type, productSize, productSize)) {
            double operations = 2.0 * times * productSize * productSize * productSize;
            // A type that the processor has no instructions for takes seconds; one attempt shows that.
            for (int attempt = 0;
                    attempt <= ATTEMPTS && (attempt == 0 || operations / best < SLOW_SECONDS);
                    attempt++) {
                double seconds = seconds("product", IValue.from(a), IValue.from(b), IValue.from((long) times));
                best = Math.max(best, operations / seconds);
            }
        }
        return best;
    }

    private PtNDArray values(String type, long... shape) {
        Long number = TYPES.get(type);
        if (number == null) {
            throw new IllegalArgumentException(type + " (expected: one of " + TYPES.keySet() + ")");
        }
        try (IValue dimensions = IValue.listFrom(shape);
                IValue scalarType = IValue.from(number);
                IValue place = IValue.from(device.toString());
                IValue result = IValueUtils.runMethod(module, "values", dimensions, scalarType, place)) {
            return result.toTensor(owner);
        }
    }

    private double seconds(String method, IValue... arguments) {
        try {
            long begin = System.nanoTime();
            IValueUtils.runMethod(module, method, arguments).close();
            return (System.nanoTime() - begin) / 1e9;
        } finally {
            for (IValue argument : arguments) {
                argument.close();
            }
        }
    }

    @Override
    public void close() {
        module.close();
        owner.close();
    }
}
