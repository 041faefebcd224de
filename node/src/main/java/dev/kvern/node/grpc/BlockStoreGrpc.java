package dev.kvern.node.grpc;

import dev.kvern.block.BlockKey;
import dev.kvern.cluster.MapVersion;
import dev.kvern.node.store.BlockOwners;
import dev.kvern.node.store.BlockReader;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.StorageUsage;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.WriteGate;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.DeleteRequest;
import dev.kvern.v1.DeleteResponse;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.MatchResponse;
import dev.kvern.v1.PartitionMap;
import dev.kvern.v1.PartitionMapVersion;
import dev.kvern.v1.PutResponse;
import dev.kvern.v1.StatsRequest;
import dev.kvern.v1.StatsResponse;
import dev.kvern.wire.BlockPart;
import dev.kvern.wire.BlockStoreMethods;
import io.grpc.BindableService;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/** BlockStoreService over a store: checks, and passes on. Safe for use by several threads. */
public final class BlockStoreGrpc implements BlockStoreServiceGrpc.AsyncService, BindableService {
    /** Full names of the methods that move payload: what blocks in them is the store's, on threads of its own. */
    public static final Set<String> NEVER_BLOCKING =
            Set.of(BlockStoreMethods.GET.getFullMethodName(), BlockStoreMethods.PUT.getFullMethodName());

    private static final int MAX_KEYS_OF_A_GET = 4_096;
    private static final int MAX_KEYS = 65_536;
    /** Of the memory for receiving: what stays with us between two Puts. */
    private static final int PART_KEPT = 4;

    private static final int DELETE_BATCH = 64;
    private static final int DEFAULT_MESSAGE_BYTES = 256 << 10;
    private static final int MIN_MESSAGE_BYTES = 1 << 10;
    private static final int MAX_MESSAGE_BYTES = 4 << 20;

    private final String nodeId;
    private final BlockStorage storage;
    private final BlockReader reader;
    private final BlockOwners owners;
    private final StoreCounters counters;
    private final ReceiveBudget receiving;
    private final ReceiveArrays arrays;
    private final SendBudget sending;
    private final int maxBlockBytes;
    private final int readAheadBlocks;
    private final WriteGate gate;
    private final LongConsumer onStored;
    private final LongSupplier uptimeMillis;

    /**
     * @param owners of the blocks in {@code storage}
     * @param maxBlockBytes largest payload taken
     * @param receivingBytes most payload being received at a time, over all calls
     * @param sending what is held for callers at a time, over all calls; and the clock
     * @param readAheadBlocks blocks read ahead for one Get
     * @param gate holds blocks back while there is no room
     * @param onStored told the size of each new block
     * @param uptimeMillis of the process
     */
    public BlockStoreGrpc(
            String nodeId,
            BlockStorage storage,
            BlockReader reader,
            BlockOwners owners,
            StoreCounters counters,
            int maxBlockBytes,
            long receivingBytes,
            SendBudget sending,
            int readAheadBlocks,
            WriteGate gate,
            LongConsumer onStored,
            LongSupplier uptimeMillis) {
        this.nodeId = nodeId;
        this.storage = storage;
        this.reader = reader;
        this.owners = owners;
        this.counters = counters;
        this.receiving = new ReceiveBudget(receivingBytes, sending.clock());
        this.arrays = new ReceiveArrays(receivingBytes / PART_KEPT);
        this.sending = sending;
        this.maxBlockBytes = maxBlockBytes;
        this.readAheadBlocks = readAheadBlocks;
        this.gate = gate;
        this.onStored = onStored;
        this.uptimeMillis = uptimeMillis;
    }

    /** As generated, but for the two methods that move payload. */
    @Override
    public ServerServiceDefinition bindService() {
        ServerServiceDefinition generated = BlockStoreServiceGrpc.bindService(this);
        var methods = new LinkedHashMap<String, ServerMethodDefinition<?, ?>>();
        generated.getMethods().forEach(method -> add(methods, method));
        add(
                methods,
                ServerMethodDefinition.create(
                        BlockStoreMethods.GET,
                        (call, headers) -> ServerCalls.asyncServerStreamingCall(
                                        (GetRequest request, StreamObserver<BlockPart> responses) ->
                                                // One object for all calls that come by a connection.
                                                send(call.getAttributes(), request, responses))
                                .startCall(call, headers)));
        add(
                methods,
                ServerMethodDefinition.create(
                        BlockStoreMethods.PUT, ServerCalls.asyncClientStreamingCall(this::receive)));
        var descriptor = ServiceDescriptor.newBuilder(BlockStoreServiceGrpc.SERVICE_NAME)
                .setSchemaDescriptor(generated.getServiceDescriptor().getSchemaDescriptor());
        methods.values().forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
        var bound = ServerServiceDefinition.builder(descriptor.build());
        methods.values().forEach(bound::addMethod);
        return bound.build();
    }

    private static void add(Map<String, ServerMethodDefinition<?, ?>> methods, ServerMethodDefinition<?, ?> method) {
        methods.put(method.getMethodDescriptor().getFullMethodName(), method);
    }

    @Override
    public void match(MatchRequest request, StreamObserver<MatchResponse> responses) {
        List<BlockKey> keys = BlockHeaders.keys("keys", request.getKeysList(), MAX_KEYS);
        answer(
                storage.match(keys).thenApply(matched -> {
                    counters.matched(keys.size(), matched);
                    var response = MatchResponse.newBuilder().setMatched(matched);
                    newerMap(request.hasMapVersion(), request.getMapVersion()).ifPresent(response::setMap);
                    return response.build();
                }),
                responses);
    }

    /** @param caller the same object for all calls of one caller */
    private void send(Object caller, GetRequest request, StreamObserver<BlockPart> responses) {
        int messageBytes = request.hasMaxChunkBytes() ? request.getMaxChunkBytes() : DEFAULT_MESSAGE_BYTES;
        if (messageBytes < 1) {
            throw KvernException.invalid(
                    "max_chunk_bytes", Integer.toUnsignedString(messageBytes), "1 to " + Integer.MAX_VALUE);
        }
        List<BlockKey> keys = BlockHeaders.keys("keys", request.getKeysList(), MAX_KEYS_OF_A_GET);
        // First, so that the caller's next call goes the right way; this one is answered wherever the blocks are.
        newerMap(request.hasMapVersion(), request.getMapVersion())
                .ifPresent(map -> responses.onNext(new BlockPart.Moved(map)));
        new GetCall(
                        reader,
                        owners,
                        counters,
                        keys,
                        Math.max(MIN_MESSAGE_BYTES, Math.min(messageBytes, MAX_MESSAGE_BYTES)),
                        request.getStopAtMiss(),
                        request.hasSharedMemory() ? Optional.of(request.getSharedMemory()) : Optional.empty(),
                        readAheadBlocks,
                        sending.of(caller),
                        (ServerCallStreamObserver<BlockPart>) responses)
                .start();
    }

    private Optional<PartitionMap> newerMap(boolean wanted, PartitionMapVersion used) {
        return wanted ? owners.newerThan(Optional.of(MapVersion.of(used))) : Optional.empty();
    }

    private StreamObserver<BlockPart> receive(StreamObserver<PutResponse> responses) {
        var call = new PutCall(
                storage, owners, counters, receiving, arrays, maxBlockBytes, gate, onStored, (ServerCallStreamObserver<
                                PutResponse>)
                        responses);
        call.start();
        return call;
    }

    @Override
    public void delete(DeleteRequest request, StreamObserver<DeleteResponse> responses) {
        answer(
                deleteFrom(BlockHeaders.keys("keys", request.getKeysList(), MAX_KEYS), 0, 0)
                        .thenApply(deleted ->
                                DeleteResponse.newBuilder().setDeleted(deleted).build()),
                responses);
    }

    /** Some at a time: all at once would fill the store's queue, and be refused by it. */
    private CompletableFuture<Integer> deleteFrom(List<BlockKey> keys, int from, int before) {
        if (from >= keys.size()) {
            return CompletableFuture.completedFuture(before);
        }
        int to = Math.min(keys.size(), from + DELETE_BATCH);
        var count = CompletableFuture.completedFuture(before);
        for (BlockKey key : keys.subList(from, to)) {
            count = count.thenCombine(storage.delete(key), (sum, gone) -> {
                if (gone) {
                    counters.deleted();
                }
                return gone ? sum + 1 : sum;
            });
        }
        return count.thenCompose(sum -> deleteFrom(keys, to, sum));
    }

    @Override
    public void stats(StatsRequest request, StreamObserver<StatsResponse> responses) {
        responses.onNext(stats());
        responses.onCompleted();
    }

    /** The node's figures now. */
    public StatsResponse stats() {
        StorageUsage usage = storage.usage();
        return StatsResponse.newBuilder()
                .setNodeId(nodeId)
                .setClusterNodes(usage.clusterNodes())
                .setPrimaryBlocks(usage.primaryBlocks())
                .setBackupBlocks(usage.backupBlocks())
                .setUsedBytes(usage.usedBytes())
                .setCapacityBytes(usage.capacityBytes())
                .setCounters(counters.snapshot())
                .setUptimeMillis(uptimeMillis.getAsLong())
                .build();
    }

    private static <T> void answer(CompletableFuture<T> result, StreamObserver<T> responses) {
        result.whenComplete((value, failure) -> {
            if (failure != null) {
                responses.onError(failure);
            } else {
                responses.onNext(value);
                responses.onCompleted();
            }
        });
    }
}
