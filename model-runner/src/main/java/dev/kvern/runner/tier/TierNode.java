package dev.kvern.runner.tier;

import io.grpc.ManagedChannel;

/** A cache node: where it is and how it has been. The channel is closed when the node leaves the set. */
record TierNode(String address, ManagedChannel channel, Breaker breaker) {}
