package dev.kvern.runner.model.torch;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;

/**
 * What CUDA's driver says of a device's memory: neither DJL nor TorchScript asks it. It comes with every driver, and counts
 * devices as PyTorch does. (CUDA Driver API, Memory Management and Primary Context Management.)
 */
final class CudaDriver {
    private static final String LIBRARY = "libcuda.so.1";
    private static final int SUCCESS = 0;

    /** The driver's functions that are used. Their versions are part of its interface and stay. */
    interface Functions extends Library {
        int cuInit(int flags);

        int cuDeviceGet(IntByReference device, int ordinal);

        int cuDevicePrimaryCtxRetain(PointerByReference context, int device);

        int cuDevicePrimaryCtxRelease_v2(int device);

        int cuCtxPushCurrent_v2(Pointer context);

        int cuCtxPopCurrent_v2(PointerByReference context);

        int cuMemGetInfo_v2(LongByReference free, LongByReference total);
    }

    /**
     * A device's memory.
     *
     * @param freeBytes what nobody uses, other processes included
     * @param totalBytes all of it
     */
    record Memory(long freeBytes, long totalBytes) {}

    private CudaDriver() {}

    /**
     * Asks for the memory of a device.
     *
     * @throws KvernException MISCONFIGURED if there is no driver or no such device
     */
    static Memory memory(int device) {
        try {
            return memory(Native.load(LIBRARY, Functions.class), device);
        } catch (UnsatisfiedLinkError e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "memory of cuda:" + device + ": cannot be asked for (expected: " + LIBRARY
                            + ", which comes with the driver): "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
                    e);
        }
    }

    private static Memory memory(Functions cuda, int ordinal) {
        check("cuInit", cuda.cuInit(0));
        var device = new IntByReference();
        check("cuDeviceGet", cuda.cuDeviceGet(device, ordinal));
        var context = new PointerByReference();
        // The context that PyTorch works in, so that asking takes no memory for one of its own.
        check("cuDevicePrimaryCtxRetain", cuda.cuDevicePrimaryCtxRetain(context, device.getValue()));
        try {
            check("cuCtxPushCurrent", cuda.cuCtxPushCurrent_v2(context.getValue()));
            try {
                var free = new LongByReference();
                var total = new LongByReference();
                check("cuMemGetInfo", cuda.cuMemGetInfo_v2(free, total));
                return new Memory(free.getValue(), total.getValue());
            } finally {
                check("cuCtxPopCurrent", cuda.cuCtxPopCurrent_v2(new PointerByReference()));
            }
        } finally {
            check("cuDevicePrimaryCtxRelease", cuda.cuDevicePrimaryCtxRelease_v2(device.getValue()));
        }
    }

    private static void check(String call, int result) {
        if (result != SUCCESS) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED, "CUDA's driver: " + call + " returned " + result + " (expected: 0)");
        }
    }
}
