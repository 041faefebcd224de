package dev.kvern.runner.tier;

import com.google.common.collect.Lists;
import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.MatchResponse;
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
 * of them lacks. Immutable.
 */
final class MatchCall {
    private final TierAccess tier;
    private final List<BlockKey> keys;

    MatchCall(TierAccess tier, List<BlockKey> keys) {
        this.tier = tier;
        this.keys = keys;
    }

    /**
     * How many leading keys are stored; empty if that of some key is not known.
     *
     * @param nodesPerKey most nodes asked, one after the other
     */
    CompletableFuture<OptionalInt> start(int nodesPerKey) {
        List<Integer> all = IntStream.range(0, keys.size()).boxed().toList();
        return ask(all, nodesPerKey, List.of());
    }

    private CompletableFuture<OptionalInt> ask(List<Integer> places, int nodesLeft, Collection<TierNode> tried) {
        List<OwnerGroup> groups = nodesLeft == 0 ? List.of() : OwnerGroup.split(tier, keys, places, tried);
        if (groups.isEmpty()) {
            return CompletableFuture.completedFuture(OptionalInt.empty());
        }
        var least = CompletableFuture.completedFuture(OptionalInt.of(keys.size()));
        for (OwnerGroup group : groups) {
            var answer = askNode(group).thenCompose(known -> {
                if (known.isPresent()) {
                    return CompletableFuture.completedFuture(known);
                }
                var now = new ArrayList<>(tried);
                now.add(group.node());
                return ask(group.places(), nodesLeft - 1, now);
            });
            least = least.thenCombine(answer, MatchCall::least);
        }
        return least;
    }

    private static OptionalInt least(OptionalInt one, OptionalInt other) {
        return one.isEmpty() || other.isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of(Math.min(one.getAsInt(), other.getAsInt()));
    }

    /** Place of the first key of a group that is not stored, the number of all keys if all of them are; empty on failure. */
    private CompletableFuture<OptionalInt> askNode(OwnerGroup group) {
        var request = MatchRequest.newBuilder().addAllKeys(Lists.transform(group.of(keys), BlockKey::toByteString));
        tier.mapVersion().ifPresent(version -> request.setMapVersion(version.toMessage()));
        var missing = new CompletableFuture<OptionalInt>();
        Futures.addCallback(
                BlockStoreServiceGrpc.newFutureStub(group.node().channel())
                        .withDeadlineAfter(tier.options().matchTimeoutMillis(), TimeUnit.MILLISECONDS)
                        .match(request.build()),
                new FutureCallback<MatchResponse>() {
                    @Override
                    public void onSuccess(@Nullable MatchResponse response) {
                        group.node().breaker().succeeded();
                        missing.complete(OptionalInt.of(response == null ? 0 : firstMissing(group, response)));
                    }

                    @Override
                    public void onFailure(Throwable failure) {
                        tier.failed(group.node());
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
