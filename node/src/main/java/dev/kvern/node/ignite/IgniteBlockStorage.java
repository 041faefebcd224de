package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.EvictionPolicy;
import dev.kvern.node.store.StorageUsage;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.cache.CacheAtomicityMode;
import org.apache.ignite.cache.CacheMode;
import org.apache.ignite.cache.CachePeekMode;
import org.apache.ignite.cache.CacheWriteSynchronizationMode;
import org.apache.ignite.cache.affinity.rendezvous.RendezvousAffinityFunction;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.internal.processors.cache.CacheObjectByteArrayImpl;
import org.apache.ignite.internal.util.future.IgniteFinishedFutureImpl;
import org.apache.ignite.lang.IgniteFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blocks in one partitioned Ignite cache: partitions, backups and their moving about are Ignite's. Calls start on an executor
 * of their own, because even Ignite's asynchronous ones may block while the topology changes, and end within a time limit.
 * Safe for use by several threads.
 */
public final class IgniteBlockStorage implements BlockStorage {
    private static final Logger log = LoggerFactory.getLogger(IgniteBlockStorage.class);
    public static final String CACHE = "kvern-blocks";
    private static final int PARTITIONS = 256;
    private static final int MATCH_BATCH = 64;

    private final Ignite ignite;
    private final IgniteCache<String, byte[]> cache;
    private final EvictionPolicy policy;
    private final SharedUse use;
    private final StoreCounters counters;
    private final Executor executor;
    private final long timeoutMillis;

    /**
     * @param backups copies of each block on other nodes
     * @param policy told which blocks are used, here and at other nodes
     * @param executor bounded; refuses what is too much
     * @param timeoutMillis longest wait for an answer
     */
    public IgniteBlockStorage(
            Ignite ignite,
            int backups,
            EvictionPolicy policy,
            StoreCounters counters,
            Executor executor,
            long timeoutMillis) {
        this.ignite = ignite;
        this.use = new SharedUse(ignite, policy);
        this.policy = policy;
        this.counters = counters;
        this.executor = executor;
        this.timeoutMillis = timeoutMillis;
        this.cache = ignite.getOrCreateCache(new CacheConfiguration<String, byte[]>(CACHE)
                .setCacheMode(CacheMode.PARTITIONED)
                .setAtomicityMode(CacheAtomicityMode.ATOMIC)
                // A block counts as stored when its copies are: the point of a backup is to survive its owner.
                .setWriteSynchronizationMode(CacheWriteSynchronizationMode.FULL_SYNC)
                .setBackups(backups)
                .setReadFromBackup(true)
                // Each read makes an array of its own as it is, and nobody changes one.
                .setCopyOnRead(false)
                .setDataRegionName(IgniteNode.REGION)
                .setAffinity(new RendezvousAffinityFunction(false, PARTITIONS)));
        int others = cache.getConfiguration(CacheConfiguration.class).getBackups();
        if (others != backups) {
            log.warn("backups: {} (expected: {}, as the node that began this cluster; that holds)", backups, others);
        }
    }

    /** Tells the other nodes what was used here since the last time. To be called at short intervals; may block. */
    public void tellUse() {
        use.tell();
    }

    @Override
    public CompletableFuture<Optional<StoredBlock>> get(BlockKey key) {
        EvictionPolicy.Lease lease = policy.lease(key);
        return read(key).whenComplete((block, failure) -> lease.close());
    }

    private CompletableFuture<Optional<StoredBlock>> read(BlockKey key) {
        return bounded("get", () -> {
                    String name = key.toHex();
                    // A copy held here is read at once; getAsync would copy it a second time.
                    byte[] here = cache.localPeek(name, CachePeekMode.OFFHEAP);
                    return here == null ? cache.getAsync(name) : new IgniteFinishedFutureImpl<>(here);
                })
                .thenApply(encoded -> {
                    if (encoded == null) {
                        return Optional.empty();
                    }
                    Optional<StoredBlock> block = StoredBlock.verified(key, encoded);
                    if (block.isPresent()) {
                        use.used(key, block.get().parent());
                    } else {
                        counters.corrupt();
                        // Nobody waits for it; should it fail, the next reader finds the same and tries again.
                        bounded("remove", () -> cache.removeAsync(key.toHex())).exceptionally(failure -> false);
                    }
                    return block;
                });
    }

    @Override
    public CompletableFuture<Boolean> put(BlockKey key, StoredBlock block) {
        use.used(key, block.parent());
        return bounded(
                "put", () -> unchanging().putIfAbsentAsync(key.toHex(), new CacheObjectByteArrayImpl(block.encoded())));
    }

    /**
     * The same cache, for values in Ignite's own form: given an array, Ignite would first copy it, lest the caller change it
     * afterwards.
     */
    @SuppressWarnings("unchecked")
    private IgniteCache<String, Object> unchanging() {
        return (IgniteCache<String, Object>) (IgniteCache<String, ?>) cache;
    }

    @Override
    public CompletableFuture<Boolean> delete(BlockKey key) {
        return bounded("remove", () -> cache.removeAsync(key.toHex()));
    }

    @Override
    public EvictionPolicy.Lease lease(BlockKey key) {
        return policy.lease(key);
    }

    @Override
    public CompletableFuture<Integer> match(List<BlockKey> chain) {
        return matchFrom(chain, 0);
    }

    private CompletableFuture<Integer> matchFrom(List<BlockKey> chain, int from) {
        int to = Math.min(chain.size(), from + MATCH_BATCH);
        var stored = new ArrayList<CompletableFuture<Boolean>>();
        for (BlockKey key : chain.subList(from, to)) {
            stored.add(bounded("look-up", () -> cache.containsKeyAsync(key.toHex())));
        }
        return CompletableFuture.allOf(stored.toArray(CompletableFuture[]::new)).thenCompose(all -> {
            for (int i = 0; i < stored.size(); i++) {
                if (!stored.get(i).join()) {
                    return CompletableFuture.completedFuture(from + i);
                }
            }
            return to == chain.size() ? CompletableFuture.completedFuture(to) : matchFrom(chain, to);
        });
    }

    @Override
    public StorageUsage usage() {
        return new StorageUsage(
                ignite.cluster().forServers().nodes().size(),
                cache.localSizeLong(CachePeekMode.PRIMARY),
                cache.localSizeLong(CachePeekMode.BACKUP),
                usedBytes(),
                ignite.configuration()
                        .getDataStorageConfiguration()
                        .getDefaultDataRegionConfiguration()
                        .getMaxSize());
    }

    /** Bytes of the region's pages in use. The other sizes that Ignite gives never fall when blocks are removed. */
    public long usedBytes() {
        var metrics = ignite.dataRegionMetrics(IgniteNode.REGION);
        return metrics.getTotalUsedPages()
                * ignite.configuration().getDataStorageConfiguration().getPageSize();
    }

    private <T> CompletableFuture<T> bounded(String what, Supplier<IgniteFuture<T>> call) {
        var result = new CompletableFuture<T>();
        try {
            executor.execute(() -> {
                try {
                    call.get().listen(done -> {
                        try {
                            result.complete(done.get());
                        } catch (RuntimeException e) {
                            result.completeExceptionally(unavailable(what, String.valueOf(e.getMessage()), e));
                        }
                    });
                } catch (RuntimeException e) {
                    result.completeExceptionally(unavailable(what, String.valueOf(e.getMessage()), e));
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(new KvernException(
                    ErrorReason.RESOURCE_EXHAUSTED,
                    "block " + what + ": too many at a time (expected: try again later, or at another node)",
                    e));
        }
        return result.orTimeout(timeoutMillis, TimeUnit.MILLISECONDS).exceptionallyCompose(failure -> {
            return CompletableFuture.failedFuture(
                    failure instanceof TimeoutException
                            ? unavailable(what, "no answer within " + timeoutMillis + " ms", failure)
                            : failure);
        });
    }

    private static KvernException unavailable(String what, String why, Throwable cause) {
        return new KvernException(
                ErrorReason.UNAVAILABLE, "block " + what + ": " + why + " (expected: another node, or later)", cause);
    }
}
