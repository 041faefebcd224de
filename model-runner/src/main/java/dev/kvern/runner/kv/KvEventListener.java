package dev.kvern.runner.kv;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import java.util.List;

/** Told what enters and leaves the pool, in order, while the pool is locked: it must be quick and not call back. */
public interface KvEventListener {
    /** Nobody listens. */
    KvEventListener NONE = new KvEventListener() {
        @Override
        public void cleared() {}

        @Override
        public void stored(NamespaceId namespace, BlockDigest parent, List<BlockDigest> digests) {}

        @Override
        public void removed(NamespaceId namespace, List<BlockDigest> digests) {}
    };

    /** A replay begins: what was said before counts no more, what is held follows. */
    void cleared();

    /**
     * Blocks became complete.
     *
     * @param parent the block before the first one, {@link dev.kvern.block.BlockChain#root} at a chain's start
     * @param digests in chain order
     */
    void stored(NamespaceId namespace, BlockDigest parent, List<BlockDigest> digests);

    /** Blocks were evicted. */
    void removed(NamespaceId namespace, List<BlockDigest> digests);
}
