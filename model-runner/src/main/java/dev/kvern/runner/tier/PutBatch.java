package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Stores chunks, each at its owner: one stream to each owner, all at the same time. Confined to a thread.
 *
 * <p>Chunks are sent in the order given, parents first, whichever stream they take, and none is sent once a stream has failed. What
 * is under way to other nodes then may still be stored before its parent, which is sent again at once, to a backup or any node.
 * Only if that fails too does a child stay without its parent. To rule that out each child would have to wait for its parent's
 * answer, a round trip a chunk. It does no harm: a block is right whatever is before it; nobody finds this one until whoever has
 * the parent offers it anew, as after every failure; and if nobody does it is evicted as what nobody uses.
 */
final class PutBatch {
    private static final int ROUNDS = 2;

    private final TierAccess tier;
    private final List<? extends ChunkSource> chunks;
    private final List<BlockKey> keys;
    private final List<TierNode> failed = new ArrayList<>();
    private int stored;
    private int alreadyStored;
    private int rejected;
    private PutOutcome.Failed lastFailure = new PutOutcome.Failed(MissReason.NO_NODES);

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
        PutOutcome outcome = offer();
        tier.counters().putEnded(tier.nanoTime().getAsLong() - begun);
        return outcome;
    }

    private PutOutcome offer() throws InterruptedException {
        List<Integer> rest = IntStream.range(0, keys.size()).boxed().toList();
        for (int round = 0; round < ROUNDS && !rest.isEmpty(); round++) {
            List<OwnerGroup> groups = OwnerGroup.split(tier, keys, rest, failed);
            if (groups.isEmpty()) {
                return notStored(rest.size());
            }
            rest = send(rest, groups);
            if (lastFailure.reason() == MissReason.LOCAL_FAILURE) {
                // Nobody else could be given what cannot be copied.
                return lastFailure;
            }
        }
        if (!rest.isEmpty()) {
            return notStored(rest.size());
        }
        return rejected == 0
                ? new PutOutcome.Stored(stored, alreadyStored)
                : new PutOutcome.Rejected(stored, alreadyStored, rejected);
    }

    /** How it ends with so many chunks that no node was left for. */
    private PutOutcome notStored(int left) {
        boolean onlyRefused = rejected > 0 && lastFailure.reason() == MissReason.NO_NODES;
        return onlyRefused ? new PutOutcome.Rejected(stored, alreadyStored, rejected + left) : lastFailure;
    }

    /** Sends chunks to the nodes chosen for them; those that are not stored, ascending. */
    private List<Integer> send(List<Integer> places, List<OwnerGroup> groups) throws InterruptedException {
        Map<Integer, TierNode> nodeOf = new HashMap<>();
        groups.forEach(group -> group.places().forEach(place -> nodeOf.put(place, group.node())));
        Map<TierNode, PutCall> calls = new LinkedHashMap<>();
        Map<TierNode, List<Integer>> sent = new HashMap<>();
        var rest = new TreeSet<>(places);
        try {
            for (int place : places) {
                TierNode node = nodeOf.get(place);
                PutCall call = calls.computeIfAbsent(node, to -> new PutCall(tier, to));
                if (!call.send(chunks.get(place))) {
                    break;
                }
                sent.computeIfAbsent(node, to -> new ArrayList<>()).add(place);
                if (calls.values().stream().anyMatch(PutCall::ended)) {
                    break;
                }
            }
            for (PutCall call : calls.values()) {
                PutOutcome outcome = call.finish();
                if (isRejected(outcome)) {
                    // Offered to another node they would press on the same owner: whoever has them offers them again
                    // later.
                    call.node().breaker().succeeded();
                    List<Integer> refused = ofNode(groups, call.node());
                    rejected += refused.size();
                    refused.forEach(rest::remove);
                } else if (ended(call, outcome)) {
                    sent.getOrDefault(call.node(), List.of()).forEach(rest::remove);
                }
            }
        } catch (InterruptedException e) {
            calls.values().forEach(PutCall::cancel);
            throw e;
        }
        return List.copyOf(rest);
    }

    private static boolean isRejected(PutOutcome outcome) {
        return outcome instanceof PutOutcome.Failed failure && failure.reason() == MissReason.REJECTED;
    }

    private static List<Integer> ofNode(List<OwnerGroup> groups, TierNode node) {
        return groups.stream()
                .filter(group -> group.node().equals(node))
                .findFirst()
                .orElseThrow()
                .places();
    }

    /** Whether a node has stored all that was sent to it. */
    private boolean ended(PutCall call, PutOutcome outcome) {
        if (outcome instanceof PutOutcome.Failed failure) {
            if (lastFailure.reason() != MissReason.LOCAL_FAILURE) {
                lastFailure = failure;
            }
            if (failure.reason() != MissReason.LOCAL_FAILURE) {
                failed.add(call.node());
                tier.failed(call.node(), failure.reason().blamesNode());
            }
            return false;
        }
        call.node().breaker().succeeded();
        PutOutcome.Stored done = (PutOutcome.Stored) outcome;
        stored += done.stored();
        alreadyStored += done.alreadyStored();
        return true;
    }
}
