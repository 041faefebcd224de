package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.node.store.ChainLru;
import dev.kvern.node.store.EvictionPolicy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A {@link ChainLru} that remembers of which uses it was told, and how long ago they were. Safe for use by several threads. */
final class HearingPolicy implements EvictionPolicy {
    private final ChainLru order = new ChainLru();
    private final Map<BlockKey, Long> told = new ConcurrentHashMap<>();

    /** How many nanoseconds ago a block's last use was when it was told; empty if none was. */
    Optional<Long> told(BlockKey key) {
        return Optional.ofNullable(told.get(key));
    }

    @Override
    public void used(List<BlockKey> run, long agoNanos) {
        order.used(run, agoNanos);
        run.forEach(key -> told.put(key, agoNanos));
    }

    @Override
    public void usedHere(BlockKey key) {
        order.usedHere(key);
    }

    @Override
    public void held(BlockKey key, Optional<BlockKey> parent, int bytes, BlockLabels labels) {
        order.held(key, parent, bytes, labels);
    }

    @Override
    public void gone(BlockKey key) {
        order.gone(key);
    }

    @Override
    public Lease lease(BlockKey key) {
        return order.lease(key);
    }

    @Override
    public Optional<Victim> takeVictim() {
        return order.takeVictim();
    }

    @Override
    public int size() {
        return order.size();
    }
}
