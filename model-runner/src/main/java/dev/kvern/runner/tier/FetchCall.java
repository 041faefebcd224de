package dev.kvern.runner.tier;

import com.google.common.collect.Lists;
import dev.kvern.block.BlockKey;
import dev.kvern.rpc.GrpcChannels;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One fetch: each owner is asked for its part of the chain, all at the same time, as far as what comes may lie here unread ({@link
 * ToAsk}). What a node fails to bring is asked of the backup, then of any node, while there is time; the first chunk that is stored
 * nowhere ends the chain, for all behind it. Safe for use by several threads; guarded by this.
 */
final class FetchCall implements Fetch {
    private static final Logger log = LoggerFactory.getLogger(FetchCall.class);
    private static final int MAX_NODES = 3;

    /** Chunks held for each node: one that is being received, and one that waits for its turn. */
    private static final int CHUNKS_OF_A_NODE = 2;

    /** Most that is held for one fetch, but for three chunks. */
    private static final int HELD_BYTES = 32 << 20;

    /** Of a fetch's time: a node that was given less is not blamed for bringing nothing. */
    private static final int FAIR_PART = 8;

    private final TierAccess tier;
    private final List<BlockKey> keys;
    private final ChainOrder order;
    private final ToAsk toAsk;
    private final int chunkBytes;
    private final long startedAt;
    private final long deadline;
    private final CompletableFuture<FetchOutcome> outcome = new CompletableFuture<>();
    private final Set<FetchLane> lanes = new LinkedHashSet<>();

    /** Nodes that have failed, and why. */
    private final Map<TierNode, MissReason> failed = new LinkedHashMap<>();

    private MissReason endReason = MissReason.NO_NODES;
    private boolean done;

    private FetchCall(TierAccess tier, List<BlockKey> keys, int ahead, ByteBuffer first, ChunkSink sink) {
        this.tier = tier;
        this.keys = keys;
        ChunkSink counted = (index, payload) -> {
            sink.accept(index, payload);
            tier.counters().chunkFetched(payload.capacity());
        };
        this.order = new ChainOrder(keys.size(), ahead, counted, this::goOn, first, tier.fetched());
        this.chunkBytes = first.capacity();
        this.toAsk = new ToAsk(chunkBytes);
        this.startedAt = tier.nanoTime().getAsLong();
        this.deadline = startedAt + TimeUnit.MILLISECONDS.toNanos(tier.options().fetchTimeoutMillis());
    }

    static Fetch start(TierAccess tier, List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
        ByteBuffer first;
        try {
            first = tier.fetched().take(chunkBytes);
        } catch (OutOfMemoryError e) {
            // Not the heap's end but that of -XX:MaxDirectMemorySize: the rest of the process is well.
            log.warn("no memory to fetch a chunk of {} bytes: {}", chunkBytes, e.getMessage());
            tier.counters().fetchEndedBy(MissReason.LOCAL_FAILURE);
            return Fetch.missed(MissReason.LOCAL_FAILURE);
        }
        List<Integer> all = IntStream.range(0, keys.size()).boxed().toList();
        List<OwnerGroup> groups = OwnerGroup.split(tier, keys, all, List.of());
        var call = new FetchCall(tier, keys, ahead(groups.size(), chunkBytes), first, sink);
        if (groups.isEmpty()) {
            call.endAt(0, MissReason.NO_NODES);
        } else {
            synchronized (call) {
                call.toAsk.addAll(groups, GrpcChannels.FLOW_CONTROL_WINDOW_BYTES);
            }
            call.ask();
        }
        return call;
    }

    /**
     * How far behind the next chunk others may be received. From one node they come in order: each goes to the sink before the next
     * needs a buffer. Beside these there are at most two: the next one's, and one in reserve.
     */
    private static int ahead(int nodes, int chunkBytes) {
        return nodes <= 1 ? 0 : Math.max(1, Math.min(CHUNKS_OF_A_NODE * nodes, HELD_BYTES / chunkBytes) - 2);
    }

    @Override
    public CompletableFuture<FetchOutcome> outcome() {
        return outcome;
    }

    @Override
    public void cancel() {
        finish(MissReason.CANCELLED);
    }

    /** Asks for what is to be asked for now. */
    private void ask() {
        List<ToAsk.Part> due;
        do {
            int next = order.delivered();
            synchronized (this) {
                due = done || toAsk.isEmpty() ? List.of() : toAsk.due(next, order::wants);
            }
            open(due);
        } while (!due.isEmpty());
    }

    private void open(List<ToAsk.Part> parts) {
        long left = left();
        var opened = new ArrayList<FetchLane>();
        // By what it was asked for before, the node has failed meanwhile.
        Map<ToAsk.Part, MissReason> lost = new LinkedHashMap<>();
        synchronized (this) {
            if (done) {
                return;
            }
            for (ToAsk.Part part : parts) {
                MissReason failure = failed.get(part.group().node());
                if (failure != null) {
                    lost.put(part, failure);
                } else {
                    // A node that hangs must leave time to ask another.
                    boolean another = part.attempt() + 1
                            < Math.min(MAX_NODES, tier.nodes().size());
                    opened.add(new FetchLane(this, tier, keys, order, part, another ? left / 2 : left));
                }
            }
            lanes.addAll(opened);
        }
        opened.forEach(FetchLane::start);
        // The lane of the next chunk last: a transport that hands over at once what is there would have us in the sink
        // before
        // others have begun.
        Lists.reverse(opened).forEach(FetchLane::proceed);
        lost.forEach((part, reason) -> askAgain(part.group().places(), part.attempt(), reason));
    }

    private long left() {
        return deadline - tier.nanoTime().getAsLong();
    }

    /** Chunks have reached the sink: ends the fetch if they were the last. */
    void advanced() {
        if (order.isComplete()) {
            MissReason reason;
            synchronized (this) {
                reason = endReason;
            }
            finish(reason);
        } else {
            goOn();
        }
    }

    /** Lets streams proceed that waited for a chunk to reach the sink, and asks for more. */
    private void goOn() {
        List<FetchLane> open;
        synchronized (this) {
            open = List.copyOf(lanes);
        }
        open.forEach(FetchLane::proceed);
        ask();
    }

    /**
     * A lane's node has answered for all of its keys.
     *
     * @param missed the last one that it answered for is not stored
     */
    void complete(FetchLane lane, boolean missed) {
        forget(lane);
        if (missed) {
            endAt(lane.rest().get(0), MissReason.NOT_STORED);
        } else {
            advanced();
        }
    }

    /** What a lane has yet to bring lies behind the chain's end. */
    void notWanted(FetchLane lane) {
        forget(lane);
        lane.close();
    }

    /** What a lane has yet to bring is to be sent by the same node, not taken from its memory. */
    void askToSend(FetchLane lane) {
        forget(lane);
        synchronized (this) {
            toAsk.addAgain(List.of(new OwnerGroup(lane.node(), lane.rest())), lane.attempt(), false);
        }
        ask();
    }

    /** A lane's time is over, and it was not its node that took it. */
    void timedOutWaiting(FetchLane lane) {
        forget(lane);
        askAgain(lane.rest(), lane.attempt() + 1, MissReason.TIMEOUT);
    }

    /** A lane's node has failed. */
    void failed(FetchLane lane, MissReason reason, boolean progressed) {
        forget(lane);
        tier.counters().nodeFailed();
        // Not sick is who is slow and delivers, has much to do, waits for another, or was asked at the end.
        boolean late = reason == MissReason.TIMEOUT && (progressed || lane.nanos() < fairNanos());
        if (reason.blamesNode() && !late) {
            lane.node().breaker().failed();
        }
        synchronized (this) {
            failed.put(lane.node(), reason);
        }
        askAgain(lane.rest(), lane.attempt() + 1, reason);
    }

    private long fairNanos() {
        return TimeUnit.MILLISECONDS.toNanos(tier.options().fetchTimeoutMillis()) / FAIR_PART;
    }

    /** This process cannot take what comes: other nodes' copies would find no room either, and no node has done wrong. */
    void failedHere() {
        finish(MissReason.LOCAL_FAILURE);
    }

    private synchronized void forget(FetchLane lane) {
        lanes.remove(lane);
    }

    /**
     * Asks the next nodes for what has not come, or ends the chain there if there is none or no time.
     *
     * @param attempt how many nodes were asked for it
     */
    private void askAgain(List<Integer> missing, int attempt, MissReason reason) {
        List<Integer> places = missing.stream().filter(order::wants).toList();
        if (places.isEmpty()) {
            advanced();
            return;
        }
        List<TierNode> tried;
        synchronized (this) {
            tried = List.copyOf(failed.keySet());
        }
        boolean inTime = left() > 0;
        List<OwnerGroup> groups =
                inTime && attempt < MAX_NODES ? OwnerGroup.split(tier, keys, places, tried) : List.of();
        if (groups.isEmpty()) {
            endAt(places.get(0), inTime ? reason : MissReason.TIMEOUT);
        } else {
            synchronized (this) {
                toAsk.addAgain(groups, attempt, true);
            }
            ask();
        }
    }

    private void endAt(int place, MissReason reason) {
        synchronized (this) {
            if (order.limit(place)) {
                endReason = reason;
            }
        }
        advanced();
    }

    private void finish(MissReason reason) {
        List<FetchLane> open;
        synchronized (this) {
            if (done) {
                return;
            }
            done = true;
            open = List.copyOf(lanes);
            lanes.clear();
        }
        int chunks = order.close();
        open.forEach(FetchLane::close);
        long nanos = tier.nanoTime().getAsLong() - startedAt;
        long bytes = (long) chunks * chunkBytes;
        if (chunks == keys.size()) {
            tier.counters().fetchCompleted(nanos, bytes);
            outcome.complete(new FetchOutcome.Hit(chunks));
        } else {
            tier.counters().fetchEndedBy(reason, nanos, bytes);
            outcome.complete(FetchOutcome.of(chunks, reason));
        }
    }
}
