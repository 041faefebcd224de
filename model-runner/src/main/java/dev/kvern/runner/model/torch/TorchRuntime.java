package dev.kvern.runner.model.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;

/** The one PyTorch in the process. Thread-safe. */
final class TorchRuntime {
    private static final String ENGINE = "PyTorch";

    private TorchRuntime() {}

    /**
     * Loads PyTorch if that has not been done, from the jars alone: DJL must never look for a download.
     *
     * @param threads CPU threads an operator may use, for the whole process; 0 leaves what is set
     * @throws KvernException MISCONFIGURED if the native libraries cannot be loaded
     */
    static synchronized void start(int threads) {
        // DJL reads these when its classes load.
        setIfAbsent("ai.djl.offline", "true");
        setIfAbsent("OPT_OUT_TRACKING", "true");
        setIfAbsent("ai.djl.pytorch.graph_optimizer", "false");
        if (threads > 0) {
            System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
        }
        try {
            Engine.getEngine(ENGINE);
        } catch (RuntimeException | LinkageError e) {
            // Such as the library that one of them lacks.
            String cause = e.getCause() == null ? "" : ": " + e.getCause().getMessage();
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "PyTorch: " + e.getMessage() + cause + " (expected: the libraries in the jars, or those that"
                            + " PYTORCH_LIBRARY_PATH, PYTORCH_VERSION and PYTORCH_FLAVOR name)",
                    e);
        }
        if (threads > 0 && JniUtils.getNumThreads() != threads) {
            JniUtils.setNumThreads(threads);
        }
    }

    /** Whether this PyTorch is a CUDA build and sees a device. */
    static boolean hasCuda() {
        return Engine.getEngine(ENGINE).hasCapability(StandardCapabilities.CUDA);
    }

    /** An owner of native memory. Tensors on other devices can have it as their owner too. */
    static PtNDManager newManager() {
        return (PtNDManager) NDManager.newBaseManager(Device.cpu(), ENGINE);
    }

    private static void setIfAbsent(String key, String value) {
        if (System.getProperty(key) == null) {
            System.setProperty(key, value);
        }
    }
}
