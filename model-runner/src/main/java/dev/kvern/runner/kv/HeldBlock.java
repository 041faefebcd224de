package dev.kvern.runner.kv;

/**
 * The receipt for a block of the pool. Closing it gives the block back; closing it again does nothing.
 *
 * <p>A block's life is a chain of types: free, then a {@link WritableBlock} with one holder, then complete, immutable and
 * held by any number of {@link PinnedBlock}s, then cached while nobody holds it, then free again.
 */
public sealed interface HeldBlock extends AutoCloseable permits WritableBlock, PinnedBlock {
    /** The block's index in the {@link dev.kvern.runner.model.KvMemory}. */
    int index();

    @Override
    void close();
}
