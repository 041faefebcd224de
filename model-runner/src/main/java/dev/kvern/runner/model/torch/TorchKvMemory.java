package dev.kvern.runner.model.torch;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.kvern.runner.model.KvMemory;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * KV blocks in one tensor {@code [layers, 2, blocks, block tokens, kv heads, head dim]}: blocks that lie side by side are, in
 * each layer, a view of consecutive tokens. Outside, a block's bytes are {@code [layers, 2, block tokens, kv heads, head dim]}.
 * On the host the tensor is not initialised: what was never written may be anything, NaN included, and is never read. On a
 * device what is masked is read all the same, so that there the tensor begins as zeros.
 *
 * <p>Blocks can be read and written from any thread. Memory in use is not freed: copies and steps hold the lock's shared
 * side, {@link #close} the other.
 */
final class TorchKvMemory implements KvMemory {
    private final DecoderProgram program;
    private final PtNDManager owner;
    private final BlockCopies copies;
    private final IValue poolValue;
    private final int blocks;
    private final int blockTokens;
    private final int blockBytes;

    private final ReadWriteLock lock = new ReentrantReadWriteLock();

    /** Guarded by the lock. */
    private boolean closed;

    /**
     * Takes over a pool.
     *
     * @param owner owns {@code pool}, and is closed with this
     * @param copies of that pool's blocks, closed with this
     */
    TorchKvMemory(
            DecoderProgram program,
            PtNDManager owner,
            PtNDArray pool,
            BlockCopies copies,
            int blocks,
            int blockTokens,
            int blockBytes) {
        this.program = program;
        this.owner = owner;
        this.copies = copies;
        this.poolValue = IValue.from(pool);
        this.blocks = blocks;
        this.blockTokens = blockTokens;
        this.blockBytes = blockBytes;
    }

    @Override
    public int blocks() {
        return blocks;
    }

    @Override
    public int blockTokens() {
        return blockTokens;
    }

    @Override
    public int blockBytes() {
        return blockBytes;
    }

    @Override
    public void read(int block, ByteBuffer target) {
        read(new int[] {block}, target);
    }

    @Override
    public void write(int block, ByteBuffer source) {
        write(new int[] {block}, source);
    }

    @Override
    public void read(int[] which, ByteBuffer target) {
        copy(which, target, copies::read);
    }

    @Override
    public void write(int[] which, ByteBuffer source) {
        copy(which, source, copies::write);
    }

    private void copy(int[] which, ByteBuffer buffer, BiConsumer<int[], ByteBuffer> copy) {
        check(which, buffer);
        lock.readLock().lock();
        try {
            ensureOpen();
            copy.accept(which, buffer);
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Calls a step with the tensor as the program's argument; it is not freed before that returns. */
    <R> R use(Function<IValue, R> step) {
        lock.readLock().lock();
        try {
            ensureOpen();
            return step.apply(poolValue);
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Whether this was allocated for that program. */
    boolean belongsTo(DecoderProgram other) {
        return program == other;
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                copies.close();
                poolValue.close();
                owner.close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private void check(int[] which, ByteBuffer buffer) {
        for (int block : which) {
            if (block < 0 || block >= blocks) {
                throw new IllegalArgumentException("block " + block + " (expected: 0 to " + (blocks - 1) + ")");
            }
        }
        long bytes = (long) which.length * blockBytes;
        if (buffer.remaining() < bytes) {
            throw new IllegalArgumentException(
                    "buffer with " + buffer.remaining() + " bytes (expected: at least " + bytes + ")");
        }
    }

    private void ensureOpen() {
        if (closed) {
            throw new IllegalStateException("KV memory is closed");
        }
    }
}
