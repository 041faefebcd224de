package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.telemetry.RequestScope;
import io.grpc.Context;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ignite.IgniteCache;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts right a block of which a copy is not what was stored: from the copy of another owner, and if none is good the block is
 * removed. Readers that find the same corrupt block share one search. Safe for use by several threads.
 */
final class BlockHealer {
    private static final Logger log = LoggerFactory.getLogger(BlockHealer.class);

    private final IgniteCache<String, byte[]> cache;
    private final BlockCopies copies;
    private final BoundedCalls calls;
    private final StoreCounters counters;
    private final Map<BlockKey, CompletableFuture<Optional<StoredBlock>>> searches = new ConcurrentHashMap<>();

    BlockHealer(IgniteCache<String, byte[]> cache, BlockCopies copies, BoundedCalls calls, StoreCounters counters) {
        this.cache = cache;
        this.copies = copies;
        this.calls = calls;
        this.counters = counters;
    }

    /**
     * A good copy of a block of which a corrupt one was read; empty if no owner answers with one. The owners' copies are put
     * right behind the answer; should that fail, the next reader finds the same and tries again.
     */
    CompletableFuture<Optional<StoredBlock>> heal(BlockKey key) {
        var search = new CompletableFuture<Optional<StoredBlock>>();
        CompletableFuture<Optional<StoredBlock>> other = searches.putIfAbsent(key, search);
        if (other != null) {
            return other;
        }
        counters.corrupt();
        Context request = Context.current();
        copies.findGood(key).whenComplete((good, failure) -> {
            RequestScope.run(request, () -> found(key, good, failure));
            search.complete(failure == null ? good : Optional.empty());
        });
        return search;
    }

    private void found(BlockKey key, Optional<StoredBlock> good, @Nullable Throwable failure) {
        if (failure == null) {
            log.warn(
                    "block {}: a copy is corrupt; another owner's is {}",
                    key,
                    good.isPresent() ? "good" : "not good either");
            repair(key, good);
        } else {
            // One that did not answer may have a good copy: nothing is removed.
            log.warn("block {}: a copy is corrupt, and not all owners answer: {}", key, failure.getMessage());
            searches.remove(key);
        }
    }

    private void repair(BlockKey key, Optional<StoredBlock> good) {
        calls.start("repair", () -> cache.invokeAsync(key.toHex(), new RepairCopies(good)))
                .whenComplete((done, failure) -> {
                    searches.remove(key);
                    if (failure != null) {
                        log.warn("block {}: not put right: {}", key, failure.getMessage());
                    } else if (good.isPresent() && done) {
                        counters.healed();
                    }
                });
    }
}
