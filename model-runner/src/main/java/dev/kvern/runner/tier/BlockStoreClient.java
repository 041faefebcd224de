package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import dev.kvern.v1.PartitionMap;
import io.grpc.ManagedChannel;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The cache tier over gRPC. Each key goes to its primary owner, as the newest partition map says. Any node answers for any key, so
 * without a map, and for what fails at one node, another is asked; a node that failed some times in a row is left alone for a
 * while. Safe for use by several threads.
 */
public final class BlockStoreClient implements CacheTier, AutoCloseable {
    private static final int MAX_KEYS_OF_A_GET = 4_096;
    private static final int MAX_KEYS_OF_A_MATCH = 65_536;

    /** Kept for the next fetch: what one of three or four nodes holds at a time. */
    private static final int FETCH_BUFFERS = 8;

    private static final int PUT_BUFFERS = 4;

    private final NodeSet nodes;
    private final TierAccess tier;

    /** @param connect opens a channel to an address; closed by this client */
    public BlockStoreClient(TierOptions options, Function<String, ManagedChannel> connect, LongSupplier nanoTime) {
        this(options, connect, nanoTime, HostAllocator.DIRECT);
    }

    /**
     * The same with memory of another kind for what arrives.
     *
     * @param connect opens a channel to an address; closed by this client
     */
    public BlockStoreClient(
            TierOptions options,
            Function<String, ManagedChannel> connect,
            LongSupplier nanoTime,
            HostAllocator allocator) {
        this.nodes = new NodeSet(
                connect,
                () -> new Breaker(
                        options.sickAfterFailures(), TimeUnit.MILLISECONDS.toNanos(options.sickMillis()), nanoTime));
        this.tier = new TierAccess(
                nodes,
                new KnownOwners(),
                new SilentOwners(TimeUnit.MILLISECONDS.toNanos(options.sickMillis()), nanoTime),
                options,
                nanoTime,
                new TierCounters(),
                new ChunkBuffers(allocator, FETCH_BUFFERS),
                new ChunkBuffers(ByteBuffer::allocate, PUT_BUFFERS));
    }

    /** Sets the nodes to ask, {@code host:port} each. Nothing is known of who of them owns what. */
    public void setNodes(Collection<String> addresses) {
        setMembers(addresses.stream().map(NodeTarget::at).toList());
    }

    /** Sets the nodes to ask. */
    public void setMembers(Collection<NodeTarget> targets) {
        nodes.update(targets);
    }

    /** Says which node owns which block, as the coordinator knows it; nodes' answers may say it earlier. */
    public void setOwners(PartitionMap map) {
        tier.owners().follow(map);
    }

    public TierCounters counters() {
        return tier.counters();
    }

    /** Buffers that fetches under way hold; for tests. */
    int lentBuffers() {
        return tier.fetched().lent();
    }

    @Override
    public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
        tier.counters().fetchStarted();
        return FetchCall.start(tier, atMost(MAX_KEYS_OF_A_GET, keys), chunkBytes, sink);
    }

    @Override
    public OptionalInt match(List<BlockKey> keys) {
        try {
            return matchLater(keys).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return OptionalInt.empty();
        }
    }

    @Override
    public CompletableFuture<OptionalInt> matchLater(List<BlockKey> keys) {
        return new MatchCall(tier, atMost(MAX_KEYS_OF_A_MATCH, keys)).start();
    }

    private static List<BlockKey> atMost(int limit, List<BlockKey> keys) {
        return List.copyOf(keys.subList(0, Math.min(keys.size(), limit)));
    }

    @Override
    public PutOutcome put(List<? extends ChunkSource> chunks) {
        try {
            return new PutBatch(tier, chunks).store();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return PutOutcome.Failed.ofAll(MissReason.CANCELLED, chunks.size());
        }
    }

    @Override
    public void close() {
        nodes.close();
    }
}
