package dev.kvern.runner.tier;

import io.grpc.ManagedChannel;

/** A cache node: where it is and how it has been. The channel is closed when the node leaves the set. */
record TierNode(NodeTarget target, ManagedChannel channel, Breaker breaker) {
    /** Whether it may be asked now. True makes the caller the probe of a node that was being left alone: it has to ask. */
    boolean allow() {
        if (!breaker.allow()) {
            return false;
        }
        // The breaker says when to try; the channel's own backoff would grow to minutes.
        channel.resetConnectBackoff();
        return true;
    }
}
