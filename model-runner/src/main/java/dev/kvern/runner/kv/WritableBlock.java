package dev.kvern.runner.kv;

/** A block that one holder writes and nobody else sees. Its state is guarded by the pool. */
public final class WritableBlock implements HeldBlock {
    private final BlockPool pool;
    private final int index;

    /** Guarded by the pool: false once the block was given back or published. */
    boolean held = true;

    WritableBlock(BlockPool pool, int index) {
        this.pool = pool;
        this.index = index;
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public void close() {
        pool.release(this);
    }
}
