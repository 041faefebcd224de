package dev.kvern.runner.tier;

import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;

/** A cache node: where it is and how it has been. The channel is closed when the node leaves the set. */
record TierNode(String address, ManagedChannel channel, Breaker breaker, SharedBlocks shared) {
    /**
     * For calls that move payload: what they hear runs on the transport's threads, where the bytes are in the processor's cache.
     * On others a thread would be woken for each message, which costs more than what it does. So it must not block.
     */
    static final CallOptions CALLS = CallOptions.DEFAULT.withExecutor(MoreExecutors.directExecutor());
}
