package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.BlockOwners;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.EvictionPolicy;
import dev.kvern.node.store.LeasedBlock;
import dev.kvern.node.store.ReadableBlock;
import dev.kvern.node.store.StorageUsage;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.Failures;
import dev.kvern.rpc.KvernException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.cache.CacheAtomicityMode;
import org.apache.ignite.cache.CacheMode;
import org.apache.ignite.cache.CachePeekMode;
import org.apache.ignite.cache.CacheWriteSynchronizationMode;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.internal.processors.cache.CacheObjectByteArrayImpl;
import org.apache.ignite.internal.util.future.IgniteFinishedFutureImpl;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blocks in one partitioned Ignite cache: partitions, backups and their moving about are Ignite's. Every call ends within a
 * time limit ({@link BoundedCalls}). Safe for use by several threads.
 */
public final class IgniteBlockStorage implements BlockStorage {
    private static final Logger log = LoggerFactory.getLogger(IgniteBlockStorage.class);
    public static final String CACHE = "kvern-blocks";

    /**
     * After so long the other owners of a block are asked too. A read takes milliseconds and a collection of garbage tens of
     * them; a caller waits for one to two seconds, and must have time left for the answer.
     */
    private static final long HEDGE_MILLIS = 250;

    /** The same for look-ups, which are answered from memory, and whose callers wait for a quarter of a second. */
    private static final long HEDGE_LOOK_UP_MILLIS = 100;

    /** Sending a block takes milliseconds; who takes longer than runners wait for an answer has no claim to it any more. */
    private static final long LEASE_MILLIS = 5_000;

    private final Ignite ignite;
    private final IgniteCache<String, byte[]> cache;
    private final EvictionPolicy policy;
    private final SharedUse use;
    private final BoundedCalls calls;
    private final BlockCopies copies;
    private final BlockHealer healer;
    private final AffinityOwners owners;
    private final Optional<BlockPages> pages;

    /**
     * @param messages to and from the other nodes
     * @param placement holds if this node begins a cluster
     * @param policy told which blocks are used, here and at other nodes
     * @param executor bounded; refuses what is too much
     * @param timeoutMillis longest wait for an answer
     */
    public IgniteBlockStorage(
            Ignite ignite,
            NodeMessages messages,
            Placement placement,
            EvictionPolicy policy,
            StoreCounters counters,
            Executor executor,
            long timeoutMillis) {
        this.ignite = ignite;
        this.use = new SharedUse(ignite, policy, System::nanoTime);
        this.policy = policy;
        this.calls = new BoundedCalls(executor, timeoutMillis);
        this.cache = ignite.getOrCreateCache(new CacheConfiguration<String, byte[]>(CACHE)
                .setCacheMode(CacheMode.PARTITIONED)
                .setAtomicityMode(CacheAtomicityMode.ATOMIC)
                // A block counts as stored when its copies are: the point of a backup is to survive its owner.
                .setWriteSynchronizationMode(CacheWriteSynchronizationMode.FULL_SYNC)
                .setBackups(placement.backups())
                .setReadFromBackup(true)
                // Each read makes an array of its own as it is, and nobody changes one.
                .setCopyOnRead(false)
                .setDataRegionName(IgniteNode.REGION)
                .setAffinity(new ZonedAffinity(placement.partitions())));
        this.owners = new AffinityOwners(ignite, CACHE);
        this.copies = new BlockCopies(owners, cache, messages, timeoutMillis);
        this.pages = BlockPages.of(ignite, CACHE);
        this.healer = new BlockHealer(cache, copies, calls, counters);
        Placement others = placementOf(cache);
        if (!others.equals(placement)) {
            log.warn("{} (expected: {}, as the node that began this cluster has it; that holds)", placement, others);
        }
    }

    private static Placement placementOf(IgniteCache<String, byte[]> cache) {
        CacheConfiguration<?, ?> has = cache.getConfiguration(CacheConfiguration.class);
        return new Placement(has.getBackups(), has.getAffinity().partitions());
    }

    /** Who owns which block. */
    public BlockOwners owners() {
        return owners;
    }

    /** The nodes that hold a block, if it is stored at all; empty if nobody is known to. */
    List<ClusterNode> ownersOf(BlockKey key) {
        return owners.nodes(key);
    }

    /** Tells the other nodes what was used here since the last time. To be called at short intervals; may block. */
    public void tellUse() {
        use.tell();
    }

    @Override
    public Optional<ReadableBlock> here(BlockKey key) {
        if (pages.isEmpty() || !owners.isHeldHere(key)) {
            return Optional.empty();
        }
        EvictionPolicy.Lease lease = policy.lease(key);
        Optional<ReadableBlock> block = pages.get().find(key);
        if (block.isEmpty()) {
            lease.close();
            return Optional.empty();
        }
        return Optional.of(new LeasedBlock(block.get(), lease, LEASE_MILLIS));
    }

    @Override
    public CompletableFuture<Optional<ReadableBlock>> open(BlockKey key) {
        // Opened by what follows the call: if that was not in time, nobody would close it.
        return calls.start("get", () -> new IgniteFinishedFutureImpl<>(key)).thenCompose(started -> {
            Optional<ReadableBlock> here = here(started);
            here.ifPresent(block -> use.used(key, block.header().parent()));
            return here.isPresent() ? CompletableFuture.completedFuture(here) : BlockStorage.super.open(key);
        });
    }

    @Override
    public CompletableFuture<Optional<StoredBlock>> get(BlockKey key) {
        EvictionPolicy.Lease lease = policy.lease(key);
        return read(key).whenComplete((block, failure) -> lease.close());
    }

    private CompletableFuture<Optional<StoredBlock>> read(BlockKey key) {
        return encoded(key)
                .thenCompose(encoded -> {
                    if (encoded.isEmpty()) {
                        return CompletableFuture.completedFuture(Optional.<StoredBlock>empty());
                    }
                    Optional<StoredBlock> block = StoredBlock.verified(key, encoded.get());
                    return block.isPresent() ? CompletableFuture.completedFuture(block) : healer.heal(key);
                })
                .thenApply(block -> {
                    block.ifPresent(found -> use.used(key, found.header().parent()));
                    return block;
                });
    }

    /** What is stored under a key, not verified. */
    private CompletableFuture<Optional<byte[]>> encoded(BlockKey key) {
        var answer = new CompletableFuture<Optional<byte[]>>();
        calls.start("get", () -> {
                    String name = key.toHex();
                    // A copy held here is read at once; getAsync would copy it a second time.
                    byte[] here = owners.isHeldHere(key) ? cache.localPeek(name, CachePeekMode.OFFHEAP) : null;
                    if (here != null) {
                        return new IgniteFinishedFutureImpl<>(here);
                    }
                    askOthersIfLate(key, answer);
                    return cache.getAsync(name);
                })
                .whenComplete((encoded, failure) -> {
                    if (failure == null) {
                        answer.complete(Optional.ofNullable(encoded));
                    } else {
                        answer.completeExceptionally(failure);
                    }
                });
        return answer;
    }

    /** An owner that hangs is asked until Ignite counts it as lost, which takes longer than a reader waits. */
    private void askOthersIfLate(BlockKey key, CompletableFuture<Optional<byte[]>> answer) {
        answer.copy().orTimeout(HEDGE_MILLIS, TimeUnit.MILLISECONDS).whenComplete((read, late) -> {
            if (late instanceof TimeoutException && !answer.isDone()) {
                copies.findGood(key)
                        .thenAccept(good ->
                                good.map(StoredBlock::encoded).ifPresent(copy -> answer.complete(Optional.of(copy))));
            }
        });
    }

    @Override
    public CompletableFuture<Boolean> put(BlockKey key, StoredBlock block) {
        use.used(key, block.header().parent());
        return putIfAbsent(key, block)
                .thenCompose(isNew -> isNew ? CompletableFuture.completedFuture(true) : known(key, block));
    }

    private CompletableFuture<Boolean> putIfAbsent(BlockKey key, StoredBlock block) {
        return calls.start(
                "put", () -> unchanging().putIfAbsentAsync(key.toHex(), new CacheObjectByteArrayImpl(block.encoded())));
    }

    /**
     * Makes sure that a block that was there is at all of its owners. Ignite says so of what it has written, but that a block is
     * there it says once the primary owner has it: another caller's Put of it may still be on its way to the backups.
     */
    private CompletableFuture<Boolean> known(BlockKey key, StoredBlock block) {
        return copies.heldByAll(key)
                .exceptionallyCompose(failure -> isSilence(failure)
                        ? CompletableFuture.failedFuture(failure)
                        // Other owners by now.
                        : CompletableFuture.completedFuture(false))
                .thenCompose(all -> all
                        ? CompletableFuture.completedFuture(false)
                        : calls.start("put", () -> cache.invokeAsync(key.toHex(), new WriteAgain()))
                                // Deleted meanwhile, or found corrupt: this caller's is as good.
                                .thenCompose(written ->
                                        written ? CompletableFuture.completedFuture(false) : putIfAbsent(key, block)));
    }

    private static boolean isSilence(Throwable failure) {
        Throwable why = Failures.unwrapped(failure);
        return why instanceof KvernException e && e.reason() == ErrorReason.PEER_SILENT;
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
        return calls.start("remove", () -> cache.removeAsync(key.toHex()));
    }

    @Override
    public void used(BlockKey key, Optional<BlockKey> parent) {
        use.used(key, parent);
    }

    @Override
    public CompletableFuture<Integer> match(List<BlockKey> chain) {
        return new ChainLookUp(
                        chain,
                        this::isStored,
                        copies::firstToSay,
                        new CompletableFuture<Void>()
                                .completeOnTimeout(null, HEDGE_LOOK_UP_MILLIS, TimeUnit.MILLISECONDS))
                .count();
    }

    /** Of what is held here Ignite would read all pages to say that it is there. */
    private CompletableFuture<Boolean> isStored(BlockKey key) {
        return policy.holds(key) && owners.isHeldHere(key)
                ? CompletableFuture.completedFuture(true)
                : calls.start("look-up", () -> cache.containsKeyAsync(key.toHex()));
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
}
