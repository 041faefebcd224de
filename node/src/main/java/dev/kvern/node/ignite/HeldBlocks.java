package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.node.store.EvictionPolicy;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.node.store.StoredHeader;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.ignite.events.CacheEvent;
import org.apache.ignite.events.Event;
import org.apache.ignite.events.EventType;
import org.apache.ignite.lang.IgnitePredicate;

/**
 * Keeps the eviction policy in step with what this node holds, whoever put it there: Ignite tells it of every block that is
 * stored, removed, copied here when partitions move, or dropped when they have moved away. Safe for use by several threads.
 */
final class HeldBlocks implements IgnitePredicate<Event> {
    static final int[] EVENTS = {
        EventType.EVT_CACHE_OBJECT_PUT,
        EventType.EVT_CACHE_OBJECT_REMOVED,
        EventType.EVT_CACHE_REBALANCE_OBJECT_LOADED,
        EventType.EVT_CACHE_REBALANCE_OBJECT_UNLOADED
    };
    private static final long serialVersionUID = 1L;

    private final transient EvictionPolicy policy;
    private final transient Consumer<BlockKey> onGone;

    /** @param onGone told of blocks that are held no more, after the policy */
    HeldBlocks(EvictionPolicy policy, Consumer<BlockKey> onGone) {
        this.policy = policy;
        this.onGone = onGone;
    }

    @Override
    public boolean apply(Event happened) {
        if (happened instanceof CacheEvent event
                && IgniteBlockStorage.CACHE.equals(event.cacheName())
                && event.key() instanceof String name) {
            BlockKey key = BlockKey.parse(name);
            switch (event.type()) {
                case EventType.EVT_CACHE_OBJECT_REMOVED, EventType.EVT_CACHE_REBALANCE_OBJECT_UNLOADED -> {
                    policy.gone(key);
                    onGone.accept(key);
                }
                default -> {
                    if (event.newValue() instanceof byte[] value) {
                        // Of a damaged header, which the next reader finds, nothing is believed.
                        Optional<StoredHeader> header = StoredBlock.header(value);
                        policy.held(
                                key,
                                header.flatMap(StoredHeader::parent),
                                value.length,
                                header.map(StoredHeader::labels).orElse(BlockLabels.NONE));
                    }
                }
            }
        }
        return true;
    }
}
