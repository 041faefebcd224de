package dev.kvern.runner.tier;

import dev.kvern.rpc.GrpcChannels;
import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

/** The cache nodes known now: an immutable list, swapped whole. Safe for use by several threads. */
final class NodeSet implements AutoCloseable {
    private final Function<String, ManagedChannel> connect;
    private final Supplier<Breaker> newBreaker;
    private final AtomicInteger turn = new AtomicInteger();
    private volatile List<TierNode> nodes = List.of();

    NodeSet(Function<String, ManagedChannel> connect, Supplier<Breaker> newBreaker) {
        this.connect = connect;
        this.newBreaker = newBreaker;
    }

    /** Keeps the channels of those that stay. Calls running at those that leave are let end. */
    synchronized void update(Collection<String> addresses) {
        Set<String> wanted = new LinkedHashSet<>(addresses);
        var next = new ArrayList<TierNode>();
        for (TierNode node : nodes) {
            if (wanted.remove(node.address())) {
                next.add(node);
            } else {
                node.channel().shutdown();
            }
        }
        for (String address : wanted) {
            next.add(new TierNode(
                    address,
                    connect.apply(address),
                    newBreaker.get(),
                    new SharedBlocks(address.startsWith(GrpcChannels.UNIX_SCHEME))));
        }
        nodes = List.copyOf(next);
    }

    int size() {
        return nodes.size();
    }

    /** The next node in turn that may be asked and is not among {@code tried}. */
    Optional<TierNode> next(Collection<TierNode> tried) {
        List<TierNode> all = nodes;
        int start = turn.getAndIncrement();
        for (int i = 0; i < all.size(); i++) {
            TierNode node = all.get(Math.floorMod(start + i, all.size()));
            if (!tried.contains(node) && node.breaker().allow()) {
                // The breaker says when to try; the channel's own backoff would grow to minutes.
                node.channel().resetConnectBackoff();
                return Optional.of(node);
            }
        }
        return Optional.empty();
    }

    @Override
    public synchronized void close() {
        nodes.forEach(node -> node.channel().shutdownNow());
        nodes = List.of();
    }
}
