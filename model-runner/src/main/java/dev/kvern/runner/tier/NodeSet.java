package dev.kvern.runner.tier;

import dev.kvern.rpc.GrpcChannels;
import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

/** The cache nodes known now: an immutable snapshot, swapped whole. Safe for use by several threads. */
final class NodeSet implements AutoCloseable {
    private static final Snapshot EMPTY = new Snapshot(List.of(), Map.of());

    private final Function<String, ManagedChannel> connect;
    private final Supplier<Breaker> newBreaker;
    private final AtomicInteger turn = new AtomicInteger();
    private volatile Snapshot nodes = EMPTY;

    /** @param byId those whose member id is known */
    private record Snapshot(List<TierNode> all, Map<String, TierNode> byId) {
        static Snapshot of(List<TierNode> all) {
            var byId = new HashMap<String, TierNode>();
            for (TierNode node : all) {
                if (!node.target().memberId().isEmpty()) {
                    byId.put(node.target().memberId(), node);
                }
            }
            return new Snapshot(List.copyOf(all), Map.copyOf(byId));
        }
    }

    NodeSet(Function<String, ManagedChannel> connect, Supplier<Breaker> newBreaker) {
        this.connect = connect;
        this.newBreaker = newBreaker;
    }

    /** Keeps the channels of those that stay. Calls running at those that leave are let end. */
    synchronized void update(Collection<NodeTarget> targets) {
        Set<NodeTarget> wanted = new LinkedHashSet<>(targets);
        var next = new ArrayList<TierNode>();
        for (TierNode node : nodes.all()) {
            if (wanted.remove(node.target())) {
                next.add(node);
            } else {
                node.channel().shutdown();
            }
        }
        for (NodeTarget target : wanted) {
            next.add(new TierNode(
                    target,
                    connect.apply(target.target()),
                    newBreaker.get(),
                    new SharedBlocks(target.target().startsWith(GrpcChannels.UNIX_SCHEME))));
        }
        nodes = Snapshot.of(next);
    }

    int size() {
        return nodes.all().size();
    }

    /** Whether there are nodes that a partition map could name. */
    boolean haveIds() {
        return !nodes.byId().isEmpty();
    }

    Optional<TierNode> find(String memberId) {
        return Optional.ofNullable(nodes.byId().get(memberId));
    }

    /** The next node in turn that may be asked and is not among {@code tried}. */
    Optional<TierNode> next(Collection<TierNode> tried) {
        List<TierNode> all = nodes.all();
        int start = turn.getAndIncrement();
        for (int i = 0; i < all.size(); i++) {
            TierNode node = all.get(Math.floorMod(start + i, all.size()));
            if (!tried.contains(node) && node.allow()) {
                return Optional.of(node);
            }
        }
        return Optional.empty();
    }

    @Override
    public synchronized void close() {
        nodes.all().forEach(node -> node.channel().shutdownNow());
        nodes = EMPTY;
    }
}
