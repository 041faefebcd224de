package dev.kvern.runner.kv;

/** A complete block that stays where it is, unchanged, until every pin is closed. Its state is guarded by the pool. */
public final class PinnedBlock implements HeldBlock {
    private final BlockPool pool;
    final CompleteBlock block;

    /** Guarded by the pool. */
    boolean held = true;

    PinnedBlock(BlockPool pool, CompleteBlock block) {
        this.pool = pool;
        this.block = block;
    }

    @Override
    public int index() {
        return block.index;
    }

    /**
     * One more pin of the same block, closed apart from this one.
     *
     * @throws IllegalStateException if this one is closed
     */
    public PinnedBlock pin() {
        return pool.pinAgain(this);
    }

    @Override
    public void close() {
        pool.unpin(this);
    }
}
