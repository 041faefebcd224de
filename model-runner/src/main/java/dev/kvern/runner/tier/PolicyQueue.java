package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.util.List;

/** Lets through what a policy says is to be sent now. Safe for use by several threads; guarded by this. */
public final class PolicyQueue implements OffloadQueue {
    private final OffloadQueue queue;
    private final OffloadPolicy policy;
    private final int afterUses;
    private final UseCounts uses = new UseCounts();

    /** @param afterUses of {@link OffloadPolicy#AFTER_USES}: at least 1 */
    public PolicyQueue(OffloadQueue queue, OffloadPolicy policy, int afterUses) {
        this.queue = queue;
        this.policy = policy;
        this.afterUses = afterUses;
    }

    @Override
    public boolean wants(BlockKey key) {
        return due(key) && queue.wants(key);
    }

    private synchronized boolean due(BlockKey key) {
        return switch (policy) {
            case WRITE_THROUGH -> true;
            case AFTER_USES -> uses.of(key) >= afterUses;
            case ON_EVICTION -> false;
        };
    }

    @Override
    public synchronized void used(List<BlockKey> keys) {
        if (policy == OffloadPolicy.AFTER_USES) {
            keys.forEach(uses::add);
        }
    }

    @Override
    public void offer(List<OffloadChunk> chain) {
        queue.offer(chain);
    }

    @Override
    public void stored(List<BlockKey> keys) {
        queue.stored(keys);
    }

    @Override
    public void lost(List<BlockKey> keys) {
        queue.lost(keys);
    }
}
