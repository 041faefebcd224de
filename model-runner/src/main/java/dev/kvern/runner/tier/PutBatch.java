package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Stores chunks, each at its owner: one stream for each of them and its backups ({@link PutLane}), all at the same time, so that none
 * waits for another's. Confined to a thread, but for what tells it of changes, which is guarded by this.
 *
 * <p>Chunks are sent in the order given, parents first, as far as nodes take them. Where a node hangs or fails, what it was to store is
 * offered to a backup or any node, once, and meanwhile the others' chunks are stored, some of them before their parents. If a parent
 * cannot be stored at all, its children stay without it. To rule that out each child would have to wait for its parent's
 * answer, a round trip a chunk, and all of them for one that hangs. It does no harm: a block is right whatever is before it; nobody finds
 * this one until whoever has the parent offers it anew, as after every failure; and if nobody does it is evicted as what nobody uses.
 */
final class PutBatch {
    private static final int MAX_NODES = 2;

    private final TierAccess tier;
    private final List<? extends ChunkSource> chunks;
    private final List<BlockKey> keys;
    private final List<PutLane> lanes = new ArrayList<>();
    private final List<TierNode> failed = new ArrayList<>();
    private int stored;
    private int alreadyStored;
    private int rejected;

    /** That nobody has stored, or refused. */
    private final Set<Integer> left = new TreeSet<>();

    private MissReason lastFailure = MissReason.NO_NODES;

    /** Whether there may be something to do since it was last looked. */
    private boolean changed;

    PutBatch(TierAccess tier, List<? extends ChunkSource> chunks) {
        this.tier = tier;
        this.chunks = List.copyOf(chunks);
        List<BlockKey> named = new ArrayList<>();
        this.chunks.forEach(chunk -> named.add(chunk.key()));
        this.keys = List.copyOf(named);
    }

    /** Returns when all is stored, or nobody is left to store it. */
    PutOutcome store() throws InterruptedException {
        long begun = tier.nanoTime().getAsLong();
        try {
            offer(IntStream.range(0, keys.size()).boxed().toList(), 0);
            while (!lanes.isEmpty()) {
                advance();
            }
        } finally {
            // None are left but when this was interrupted or failed.
            lanes.forEach(PutLane::cancel);
        }
        tier.counters().putEnded(tier.nanoTime().getAsLong() - begun);
        return outcome();
    }

    private PutOutcome outcome() {
        if (!left.isEmpty()) {
            return new PutOutcome.Failed(lastFailure, stored, alreadyStored, rejected, left);
        }
        return rejected == 0
                ? new PutOutcome.Stored(stored, alreadyStored)
                : new PutOutcome.Rejected(stored, alreadyStored, rejected);
    }

    /**
     * Opens streams for chunks.
     *
     * @param attempt how many nodes were offered them before
     */
    private void offer(List<Integer> places, int attempt) {
        List<OwnerGroup> groups = attempt < MAX_NODES ? OwnerGroup.split(tier, keys, places, failed) : List.of();
        if (groups.isEmpty()) {
            left.addAll(places);
        }
        // Asked once for all: the first stream would be the only one that may see.
        Map<Set<String>, SilentOwners.Turn> turns = new HashMap<>();
        for (OwnerGroup group : groups) {
            byOwners(group).forEach((owners, of) -> {
                SilentOwners.Turn turn = turns.computeIfAbsent(owners, tier.silent()::turn);
                if (turn == SilentOwners.Turn.LATER) {
                    left.addAll(of);
                    lastFailure = MissReason.OWNER_SILENT;
                } else {
                    lanes.add(
                            new PutLane(tier, new OwnerGroup(group.node(), of), owners, attempt, turn, this::changed));
                }
            });
        }
    }

    private Map<Set<String>, List<Integer>> byOwners(OwnerGroup group) {
        Map<Set<String>, List<Integer>> parts = new LinkedHashMap<>();
        for (int place : group.places()) {
            parts.computeIfAbsent(Set.copyOf(tier.owners().map().owners(keys.get(place))), any -> new ArrayList<>())
                    .add(place);
        }
        return parts;
    }

    /** Sends a message, or waits until that can be; and sees to streams that have ended. */
    private void advance() throws InterruptedException {
        Optional<PutLane> next = lanes.stream().filter(PutLane::canSend).min(Comparator.comparingInt(PutLane::next));
        if (next.isPresent()) {
            next.get().send(chunks);
        } else {
            awaitChange();
        }
        long now = System.nanoTime();
        // While there is time to offer it to others.
        lanes.stream()
                .filter(lane -> !lane.canSend() && now - lane.stallsAt() >= 0)
                .forEach(PutLane::stall);
        var ended = new ArrayList<PutLane>();
        for (Iterator<PutLane> all = lanes.iterator(); all.hasNext(); ) {
            PutLane lane = all.next();
            if (lane.ended()) {
                all.remove();
                ended.add(lane);
            }
        }
        ended.forEach(this::settle);
    }

    /** Waits for streams to take more, to end, or to have stood still for too long. */
    private void awaitChange() throws InterruptedException {
        synchronized (this) {
            while (!changed) {
                long nanos = lanes.stream().mapToLong(PutLane::stallsAt).min().orElseThrow() - System.nanoTime();
                if (nanos <= 0) {
                    break;
                }
                TimeUnit.NANOSECONDS.timedWait(this, nanos);
            }
            changed = false;
        }
    }

    private synchronized void changed() {
        changed = true;
        notifyAll();
    }

    private void settle(PutLane lane) {
        PutOutcome outcome = lane.settle();
        if (outcome instanceof PutOutcome.Stored done) {
            lane.node().breaker().succeeded();
            tier.silent().answered(lane.owners());
            stored += done.stored();
            alreadyStored += done.alreadyStored();
            // Some if it was told to send no more.
            left.addAll(lane.unsent());
        } else if (outcome instanceof PutOutcome.Failed failure) {
            failed(lane, failure.reason());
        }
    }

    private void failed(PutLane lane, MissReason reason) {
        switch (reason) {
            case REJECTED -> {
                // Offered to another node they would press on the same owner: whoever has them offers them again later.
                lane.node().breaker().succeeded();
                tier.silent().answered(lane.owners());
                rejected += lane.places().size();
            }
            case LOCAL_FAILURE -> {
                // Nobody else could be given what cannot be copied.
                lastFailure = reason;
                left.addAll(lane.places());
                lanes.forEach(PutLane::sendNoMore);
            }
            case OWNER_SILENT -> {
                // So it would be for any other node.
                note(reason);
                left.addAll(lane.places());
                tier.silent().kept(lane.owners());
                tier.counters().nodeFailed();
                if (lane.hasAnswered()) {
                    lane.node().breaker().succeeded();
                }
            }
            default -> {
                note(reason);
                failed.add(lane.node());
                tier.failed(lane.node(), reason.blamesNode());
                offerAgain(lane);
            }
        }
    }

    private void note(MissReason reason) {
        if (lastFailure != MissReason.LOCAL_FAILURE) {
            lastFailure = reason;
        }
    }

    private void offerAgain(PutLane lane) {
        if (lastFailure == MissReason.LOCAL_FAILURE) {
            left.addAll(lane.places());
        } else {
            offer(lane.places(), lane.attempt() + 1);
        }
    }
}
