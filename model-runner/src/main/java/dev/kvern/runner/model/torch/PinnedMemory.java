package dev.kvern.runner.model.torch;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDArray;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;

/**
 * Page-locked memory of the host: a GPU copies to and from it at the bus's full rate and without the processor. Not counted to
 * the JVM's direct memory. PyTorch takes it in powers of two and uses again what was freed. Thread-safe; for the whole process.
 */
public final class PinnedMemory {
    private static final Cleaner CLEANER = Cleaner.create();

    private final CudaProgram program;

    PinnedMemory(CudaProgram program) {
        this.program = program;
    }

    /**
     * Loads what allocates it.
     *
     * @throws KvernException MISCONFIGURED if PyTorch is not a CUDA build
     */
    public static PinnedMemory open() {
        TorchRuntime.start(0);
        try {
            return new PinnedMemory(CudaProgram.load());
        } catch (EngineException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "page-locked memory: PyTorch has none (expected: a CUDA build): " + TorchFailures.reason(e),
                    e);
        }
    }

    /**
     * A direct buffer of so many bytes, freed when neither it nor a part of it is referred to any more.
     *
     * @throws OutOfMemoryError if the machine, or its limit of locked memory, has not as many
     */
    public ByteBuffer allocate(int bytes) {
        PtNDArray memory;
        try {
            memory = program.pinned(bytes);
        } catch (EngineException e) {
            var failure = new OutOfMemoryError(bytes + " bytes of page-locked memory: " + e.getMessage());
            failure.initCause(e);
            throw failure;
        }
        ByteBuffer buffer = memory.toByteBuffer(true);
        CLEANER.register(buffer, memory::close);
        return buffer;
    }
}
