package dev.kvern.runner.model.torch;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.kvern.runner.model.DeviceSpec;

/** cuda.ts.py, loaded: only where PyTorch is a CUDA build. Thread-safe. */
final class CudaProgram implements AutoCloseable {
    private static final String SOURCE = "/dev/kvern/runner/model/cuda.ts.py";
    private static final String CLASS = "Cuda";

    private final PtNDManager owner;
    private final PtSymbolBlock module;

    private CudaProgram(PtNDManager owner) {
        this.owner = owner;
        this.module = TorchScriptArchive.load(owner, CLASS, SOURCE);
    }

    /** @throws EngineException if PyTorch is not a CUDA build */
    static CudaProgram load() {
        PtNDManager owner = TorchRuntime.newManager();
        try {
            return new CudaProgram(owner);
        } catch (EngineException e) {
            owner.close();
            throw e;
        }
    }

    /** Page-locked memory of the host, an int8 vector.
     *
     * @throws EngineException if there is no such memory
     */
    PtNDArray pinned(int bytes) {
        try (IValue size = IValue.from((long) bytes);
                IValue result = run("pinned", size)) {
            return result.toTensor(owner);
        }
    }

    /** A new stream of a device. */
    CopyStream stream(DeviceSpec device) {
        IValue name = IValue.from(device.toString());
        IValue stream = run("stream", name);
        return new CopyStream() {
            @Override
            public void enter() {
                run("enter", stream).close();
            }

            @Override
            public void awaitCompute() {
                run("await_compute", stream, name).close();
            }

            @Override
            public void leave() {
                run("leave", stream, name).close();
            }

            @Override
            public void close() {
                stream.close();
                name.close();
            }
        };
    }

    private IValue run(String method, IValue... arguments) {
        JniUtils.setGraphExecutorOptimize(false);
        return IValueUtils.runMethod(module, method, arguments);
    }

    @Override
    public void close() {
        module.close();
        owner.close();
    }
}
