package dev.kvern.runner.tier;

import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;

/** A cache node: where it is and how it has been. The channel is closed when the node leaves the set. */
record TierNode(NodeTarget target, ManagedChannel channel, Breaker breaker, SharedBlocks shared) {
    /**
     * For calls that move payload: what they hear runs on the transport's threads, where the bytes are in the processor's cache.
     * On others a thread would be woken for each message, which costs more than what it does. So it must not block.
     */
    static final CallOptions CALLS = CallOptions.DEFAULT.withExecutor(MoreExecutors.directExecutor());

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
