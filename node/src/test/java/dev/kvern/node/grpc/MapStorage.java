package dev.kvern.node.grpc;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.StorageUsage;
import dev.kvern.node.store.StoredBlock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Blocks in a map. Safe for use by several threads. */
final class MapStorage implements BlockStorage {
    final AtomicInteger mostDeletesAtATime = new AtomicInteger();
    private final AtomicInteger deletes = new AtomicInteger();
    Consumer<BlockKey> onGone = key -> {};
    final Map<BlockKey, StoredBlock> blocks = new ConcurrentHashMap<>();

    @Override
    public CompletableFuture<Optional<StoredBlock>> get(BlockKey key) {
        return CompletableFuture.completedFuture(Optional.ofNullable(blocks.get(key)));
    }

    @Override
    public CompletableFuture<Boolean> put(BlockKey key, StoredBlock block) {
        StoredBlock copy = StoredBlock.verified(key, block.encoded().clone()).orElseThrow();
        return CompletableFuture.completedFuture(blocks.putIfAbsent(key, copy) == null);
    }

    @Override
    public CompletableFuture<Integer> match(List<BlockKey> chain) {
        int matched = 0;
        while (matched < chain.size() && blocks.containsKey(chain.get(matched))) {
            matched++;
        }
        return CompletableFuture.completedFuture(matched);
    }

    @Override
    public CompletableFuture<Boolean> delete(BlockKey key) {
        mostDeletesAtATime.accumulateAndGet(deletes.incrementAndGet(), Math::max);
        return CompletableFuture.supplyAsync(() -> {
            deletes.decrementAndGet();
            boolean gone = blocks.remove(key) != null;
            onGone.accept(key);
            return gone;
        });
    }

    @Override
    public StorageUsage usage() {
        return new StorageUsage(1, blocks.size(), 0, 0, 0);
    }
}
