package dev.kvern.runner.tier;

import com.google.common.collect.Lists;
import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.MatchResponse;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cache tier over gRPC. Any node answers for any key, so a call that fails at one goes on at the next; a node that
 * failed some times in a row is left alone for a while. Safe for use by several threads.
 */
public final class BlockStoreClient implements CacheTier, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(BlockStoreClient.class);
    private static final int MAX_KEYS_OF_A_GET = 4_096;
    private static final int MAX_KEYS_OF_A_MATCH = 65_536;
    private static final int NODES_PER_CALL = 2;

    private final TierOptions options;
    private final LongSupplier nanoTime;
    private final NodeSet nodes;
    private final ChunkBuffers buffers;
    private final ChunkBuffers putBuffers = new ChunkBuffers(ByteBuffer::allocate);
    private final TierCounters counters = new TierCounters();

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
        this.options = options;
        this.nanoTime = nanoTime;
        this.buffers = new ChunkBuffers(allocator);
        this.nodes = new NodeSet(
                connect,
                () -> new Breaker(
                        options.sickAfterFailures(), TimeUnit.MILLISECONDS.toNanos(options.sickMillis()), nanoTime));
    }

    /** Sets the nodes to ask, {@code host:port} each. */
    public void setNodes(Collection<String> addresses) {
        nodes.update(addresses);
    }

    public TierCounters counters() {
        return counters;
    }

    /** Buffers that fetches under way hold; for tests. */
    int lentBuffers() {
        return buffers.lent();
    }

    @Override
    public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
        counters.fetchStarted();
        ByteBuffer buffer;
        try {
            buffer = buffers.take(chunkBytes);
        } catch (OutOfMemoryError e) {
            // Not the heap's end but that of -XX:MaxDirectMemorySize: the rest of the process is well.
            log.warn("no memory to fetch a chunk of {} bytes: {}", chunkBytes, e.getMessage());
            counters.fetchEndedBy(MissReason.LOCAL_FAILURE);
            return Fetch.missed(MissReason.LOCAL_FAILURE);
        }
        var call = new FetchCall(
                nodes,
                List.copyOf(keys.subList(0, Math.min(keys.size(), MAX_KEYS_OF_A_GET))),
                buffer,
                options.messageBytes(),
                sink,
                TimeUnit.MILLISECONDS.toNanos(options.fetchTimeoutMillis()),
                nanoTime,
                counters,
                buffers);
        call.tryNext();
        return call;
    }

    @Override
    public OptionalInt match(List<BlockKey> keys) {
        MatchRequest request = matchRequest(keys);
        var tried = new ArrayList<TierNode>();
        for (int i = 0; i < NODES_PER_CALL; i++) {
            Optional<TierNode> node = nodes.next(tried);
            if (node.isEmpty()) {
                break;
            }
            tried.add(node.get());
            try {
                int matched = BlockStoreServiceGrpc.newBlockingStub(node.get().channel())
                        .withDeadlineAfter(options.matchTimeoutMillis(), TimeUnit.MILLISECONDS)
                        .match(request)
                        .getMatched();
                node.get().breaker().succeeded();
                return OptionalInt.of(within(matched, keys));
            } catch (StatusRuntimeException e) {
                nodeFailed(node.get());
            }
        }
        return OptionalInt.empty();
    }

    /** Asks one node only: who does not want to wait does not want to wait for two. */
    @Override
    public CompletableFuture<OptionalInt> matchLater(List<BlockKey> keys) {
        Optional<TierNode> asked = nodes.next(List.of());
        if (asked.isEmpty()) {
            return CompletableFuture.completedFuture(OptionalInt.empty());
        }
        TierNode node = asked.get();
        var matched = new CompletableFuture<OptionalInt>();
        Futures.addCallback(
                BlockStoreServiceGrpc.newFutureStub(node.channel())
                        .withDeadlineAfter(options.matchTimeoutMillis(), TimeUnit.MILLISECONDS)
                        .match(matchRequest(keys)),
                new FutureCallback<MatchResponse>() {
                    @Override
                    public void onSuccess(@Nullable MatchResponse response) {
                        int found = response == null ? 0 : response.getMatched();
                        node.breaker().succeeded();
                        matched.complete(OptionalInt.of(within(found, keys)));
                    }

                    @Override
                    public void onFailure(Throwable failure) {
                        nodeFailed(node);
                        matched.complete(OptionalInt.empty());
                    }
                },
                MoreExecutors.directExecutor());
        return matched;
    }

    /** What a node says is stored, which may be anything: its number is unsigned. */
    private static int within(int matched, List<BlockKey> keys) {
        return matched < 0 ? keys.size() : Math.min(matched, keys.size());
    }

    private static MatchRequest matchRequest(List<BlockKey> keys) {
        return MatchRequest.newBuilder()
                .addAllKeys(Lists.transform(
                        keys.subList(0, Math.min(keys.size(), MAX_KEYS_OF_A_MATCH)), BlockKey::toByteString))
                .build();
    }

    @Override
    public PutOutcome put(List<? extends ChunkSource> chunks) {
        var tried = new ArrayList<TierNode>();
        PutOutcome outcome = new PutOutcome.Failed(MissReason.NO_NODES);
        for (int i = 0; i < NODES_PER_CALL; i++) {
            Optional<TierNode> node = nodes.next(tried);
            if (node.isEmpty()) {
                break;
            }
            tried.add(node.get());
            var call = new PutCall(options.messageBytes(), putBuffers, counters);
            try {
                outcome = call.send(node.get(), chunks, TimeUnit.MILLISECONDS.toNanos(options.putTimeoutMillis()));
            } catch (InterruptedException e) {
                call.cancel();
                Thread.currentThread().interrupt();
                return new PutOutcome.Failed(MissReason.CANCELLED);
            }
            if (outcome instanceof PutOutcome.Stored) {
                node.get().breaker().succeeded();
                return outcome;
            }
            if (outcome instanceof PutOutcome.Failed failed && failed.reason() == MissReason.LOCAL_FAILURE) {
                return outcome;
            }
            nodeFailed(node.get());
        }
        return outcome;
    }

    private void nodeFailed(TierNode node) {
        counters.nodeFailed();
        node.breaker().failed();
    }

    @Override
    public void close() {
        nodes.close();
    }
}
