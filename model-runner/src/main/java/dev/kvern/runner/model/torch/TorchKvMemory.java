package dev.kvern.runner.model.torch;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.KvMemory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
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
    /** A byte buffer ends at 2 GiB; a pool need not. */
    private static final long MAX_REGION_BYTES = 1L << 30;

    private final DecoderProgram program;
    private final PtNDManager owner;
    private final PtNDArray pool;
    private final IValue poolValue;
    private final int blocks;
    private final int blockTokens;
    private final int blockBytes;

    /** Bytes of one layer's keys, or values, of a block: what lies together. */
    private final int spanBytes;

    private final int spansPerRegion;

    /**
     * The tensor's own memory: for each layer's keys, and values, some buffers with the spans of as many blocks each. Empty if
     * that is not the host's.
     */
    private final List<List<ByteBuffer>> planes = new ArrayList<>();

    private final ReadWriteLock lock = new ReentrantReadWriteLock();

    /** Guarded by the lock. */
    private boolean closed;

    /**
     * Takes over a pool.
     *
     * @param owner owns {@code pool}, and is closed with this
     * @param planeCount two for each layer
     */
    TorchKvMemory(
            DecoderProgram program,
            PtNDManager owner,
            PtNDArray pool,
            DeviceSpec device,
            int blocks,
            int blockTokens,
            int blockBytes,
            int planeCount) {
        this.program = program;
        this.owner = owner;
        this.pool = pool;
        this.poolValue = IValue.from(pool);
        this.blocks = blocks;
        this.blockTokens = blockTokens;
        this.blockBytes = blockBytes;
        this.spanBytes = blockBytes / planeCount;
        this.spansPerRegion = (int) Math.max(1, MAX_REGION_BYTES / spanBytes);
        if (!device.cuda()) {
            for (int index = 0; index < planeCount; index++) {
                planes.add(regions(index));
            }
        }
    }

    private List<ByteBuffer> regions(int index) {
        PtNDArray plane = program.plane(owner, pool, index);
        long values = plane.size() / blocks;
        var regions = new ArrayList<ByteBuffer>();
        for (int first = 0; first < blocks; first += spansPerRegion) {
            long count = Math.min(spansPerRegion, blocks - first);
            regions.add(
                    program.part(owner, plane, first * values, count * values).toByteBuffer(true));
        }
        return regions;
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
        check(block, target);
        lock.readLock().lock();
        try {
            ensureOpen();
            if (planes.isEmpty()) {
                try (PtNDArray copy = program.toHost(owner, pool, block)) {
                    target.put(copy.toByteBuffer(true));
                }
            } else {
                for (List<ByteBuffer> plane : planes) {
                    target.put(target.position(), plane.get(block / spansPerRegion), offset(block), spanBytes);
                    target.position(target.position() + spanBytes);
                }
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public void write(int block, ByteBuffer source) {
        check(block, source);
        lock.readLock().lock();
        try {
            ensureOpen();
            if (planes.isEmpty()) {
                try (PtNDArray bits = owner.create(direct(source), new Shape(blockBytes), DecoderProgram.bitsType())) {
                    program.fromHost(pool, block, bits);
                }
                source.position(source.position() + blockBytes);
            } else {
                for (List<ByteBuffer> plane : planes) {
                    plane.get(block / spansPerRegion).put(offset(block), source, source.position(), spanBytes);
                    source.position(source.position() + spanBytes);
                }
            }
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
                planes.clear();
                poolValue.close();
                owner.close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** The next block's bytes where native code can read them: copied only if they are on the heap. */
    private ByteBuffer direct(ByteBuffer source) {
        ByteBuffer bytes = source.slice(source.position(), blockBytes);
        return source.isDirect()
                ? bytes
                : ByteBuffer.allocateDirect(blockBytes).put(bytes).flip();
    }

    private int offset(int block) {
        return block % spansPerRegion * spanBytes;
    }

    private void check(int block, ByteBuffer buffer) {
        if (block < 0 || block >= blocks) {
            throw new IllegalArgumentException("block " + block + " (expected: 0 to " + (blocks - 1) + ")");
        }
        if (buffer.remaining() < blockBytes) {
            throw new IllegalArgumentException(
                    "buffer with " + buffer.remaining() + " bytes (expected: at least " + blockBytes + ")");
        }
    }

    private void ensureOpen() {
        if (closed) {
            throw new IllegalStateException("KV memory is closed");
        }
    }
}
