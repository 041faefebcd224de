package dev.kvern.runner.model.torch;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.nio.ByteBuffer;
import java.util.function.IntFunction;

/**
 * Copies out of, and into, a pool in a device's memory: blocks are gathered there, so that one large transfer moves all of them,
 * and the other way. Each direction has a stream of its own, beside the model's: transfers overlap with computing, and with
 * each other. A block is read after all that the model was given to do before, which may write it, and overwritten after that
 * too, since a sequence that is gone may have left work that still reads it; what arrives is on the device by then.
 *
 * <p>Direct buffers are transferred as they are, at full speed if they are page-locked; others by way of one that is.
 */
final class StagedCopies implements BlockCopies {
    private final DecoderProgram program;
    private final PtNDManager owner;
    private final PtNDArray pool;
    private final int blockBytes;
    private final CopyStream reading;
    private final CopyStream writing;
    private final IntFunction<ByteBuffer> hostMemory;

    /** Heap buffers' way; guarded by this. */
    private ByteBuffer bounce = ByteBuffer.allocate(0);

    /**
     * @param owner owns {@code pool}
     * @param reading closed with this, as {@code writing} is
     * @param hostMemory allocates direct buffers, page-locked ones if there are
     */
    StagedCopies(
            DecoderProgram program,
            PtNDManager owner,
            PtNDArray pool,
            int blockBytes,
            CopyStream reading,
            CopyStream writing,
            IntFunction<ByteBuffer> hostMemory) {
        this.program = program;
        this.owner = owner;
        this.pool = pool;
        this.blockBytes = blockBytes;
        this.reading = reading;
        this.writing = writing;
        this.hostMemory = hostMemory;
    }

    @Override
    public void read(int[] blocks, ByteBuffer target) {
        int bytes = bytes(blocks);
        if (target.isDirect()) {
            readDirect(blocks, target.slice(target.position(), bytes));
            target.position(target.position() + bytes);
        } else {
            synchronized (this) {
                ByteBuffer between = bounce(bytes);
                readDirect(blocks, between);
                target.put(between);
            }
        }
    }

    private void readDirect(int[] blocks, ByteBuffer target) {
        try (PtNDArray bits = bits(target)) {
            reading.enter();
            try {
                reading.awaitCompute();
                try (PtNDArray copied = program.gather(owner, pool, blocks)) {
                    program.download(copied, bits);
                }
            } finally {
                reading.leave();
            }
        }
    }

    @Override
    public void write(int[] blocks, ByteBuffer source) {
        int bytes = bytes(blocks);
        ByteBuffer next = source.slice(source.position(), bytes);
        if (source.isDirect()) {
            writeDirect(blocks, next);
        } else {
            synchronized (this) {
                writeDirect(blocks, bounce(bytes).put(next).flip());
            }
        }
        source.position(source.position() + bytes);
    }

    private void writeDirect(int[] blocks, ByteBuffer source) {
        try (PtNDArray bits = bits(source)) {
            writing.enter();
            try (PtNDArray arrived = program.upload(owner, bits, pool)) {
                writing.awaitCompute();
                program.scatter(pool, blocks, arrived);
            } finally {
                writing.leave();
            }
        }
    }

    /** All of a direct buffer as a tensor, not copied. */
    private PtNDArray bits(ByteBuffer bytes) {
        return owner.create(bytes, new Shape(bytes.capacity()), DecoderProgram.bitsType());
    }

    private int bytes(int[] blocks) {
        return Math.multiplyExact(blocks.length, blockBytes);
    }

    /** As large as that and empty. */
    private ByteBuffer bounce(int bytes) {
        if (bounce.capacity() < bytes) {
            try {
                bounce = hostMemory.apply(bytes);
            } catch (OutOfMemoryError e) {
                // A copy less, which callers can do without; an error would end their threads.
                throw new IllegalStateException("no memory to copy " + bytes + " bytes of keys and values", e);
            }
        }
        return bounce.slice(0, bytes);
    }

    @Override
    public void close() {
        reading.close();
        writing.close();
    }
}
