package dev.kvern.runner.tier;

import com.google.common.collect.Lists;
import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.MatchResponse;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One look-up of a chain: each owner is asked for its keys at the same time, and the chain is stored up to the first key that one
 * of them lacks. An owner that fails, or has not answered after half of the time, is not waited for: the backup is asked, then any
 * node. Keys of which nobody says anything in time count as not stored. Immutable.
 */
final class MatchCall {
    private static final int MAX_NODES = 3;

    private final TierAccess tier;
    private final List<BlockKey> keys;
    private final long deadline;

    /** Its time runs from now on. */
    MatchCall(TierAccess tier, List<BlockKey> keys) {
        this.tier = tier;
        this.keys = keys;
        this.deadline = tier.nanoTime().getAsLong()
                + TimeUnit.MILLISECONDS.toNanos(tier.options().matchTimeoutMillis());
    }

    /**
     * What is known of some of the keys.
     *
     * @param firstMissing place of the first one that is not known to be stored; the number of all keys if all of them are
     * @param answered whether any node has said so
     */
    private record Seen(int firstMissing, boolean answered) {
        Seen and(Seen other) {
            return new Seen(Math.min(firstMissing, other.firstMissing), answered || other.answered);
        }
    }

    /** How many leading keys are stored; empty if no node has answered. Never ends with a failure. */
    CompletableFuture<OptionalInt> start() {
        List<Integer> all = IntStream.range(0, keys.size()).boxed().toList();
        return ask(all, 0, List.of())
                .thenApply(seen -> seen.answered() ? OptionalInt.of(seen.firstMissing()) : OptionalInt.empty());
    }

    private CompletableFuture<Seen> ask(List<Integer> places, int attempt, Collection<TierNode> tried) {
        long left = deadline - tier.nanoTime().getAsLong();
        List<OwnerGroup> groups =
                attempt < MAX_NODES && left > 0 ? OwnerGroup.split(tier, keys, places, tried) : List.of();
        if (groups.isEmpty()) {
            return CompletableFuture.completedFuture(new Seen(places.get(0), false));
        }
        boolean another = attempt + 1 < Math.min(MAX_NODES, tier.nodes().size());
        var all = CompletableFuture.completedFuture(new Seen(keys.size(), false));
        for (OwnerGroup group : groups) {
            var answer = askNode(group, another ? left / 2 : left).thenCompose(missing -> {
                if (missing.isPresent()) {
                    return CompletableFuture.completedFuture(new Seen(missing.getAsInt(), true));
                }
                var now = new ArrayList<>(tried);
                now.add(group.node());
                return ask(group.places(), attempt + 1, now);
            });
            all = all.thenCombine(answer, Seen::and);
        }
        return all;
    }

    /** Place of the first key of a group that is not stored, the number of all keys if all of them are; empty on failure. */
    private CompletableFuture<OptionalInt> askNode(OwnerGroup group, long nanos) {
        var request = MatchRequest.newBuilder().addAllKeys(Lists.transform(group.of(keys), BlockKey::toByteString));
        tier.mapVersion().ifPresent(version -> request.setMapVersion(version.toMessage()));
        var missing = new CompletableFuture<OptionalInt>();
        Futures.addCallback(
                BlockStoreServiceGrpc.newFutureStub(group.node().channel())
                        .withDeadlineAfter(nanos, TimeUnit.NANOSECONDS)
                        .match(request.build()),
                new FutureCallback<MatchResponse>() {
                    @Override
                    public void onSuccess(@Nullable MatchResponse response) {
                        group.node().breaker().succeeded();
                        missing.complete(OptionalInt.of(response == null ? 0 : firstMissing(group, response)));
                    }

                    @Override
                    public void onFailure(Throwable failure) {
                        MissReason reason = MissReason.of(Status.fromThrowable(failure));
                        tier.failed(group.node(), reason.blamesNode());
                        missing.complete(OptionalInt.empty());
                    }
                },
                MoreExecutors.directExecutor());
        return missing;
    }

    private int firstMissing(OwnerGroup group, MatchResponse response) {
        if (response.hasMap()) {
            tier.owners().learn(response.getMap());
        }
        // The node may say anything: its number is unsigned.
        int matched = response.getMatched();
        return matched < 0 || matched >= group.places().size()
                ? keys.size()
                : group.places().get(matched);
    }
}
