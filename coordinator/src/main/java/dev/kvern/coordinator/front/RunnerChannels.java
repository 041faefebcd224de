package dev.kvern.coordinator.front;

import dev.kvern.coordinator.membership.MemberList;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.GenerationServiceGrpc.GenerationServiceStub;
import io.grpc.ManagedChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A channel for each runner's address, kept as long as a member has it. Safe for use by several threads; guarded by this. */
public final class RunnerChannels implements AutoCloseable {
    private final Function<String, ManagedChannel> connect;
    private final Map<String, ManagedChannel> channels = new HashMap<>();

    /** @param connect makes a channel for HOST:PORT */
    public RunnerChannels(Function<String, ManagedChannel> connect) {
        this.connect = connect;
    }

    /** How to call a runner. */
    synchronized GenerationServiceStub stub(MemberStatus runner) {
        return GenerationServiceGrpc.newStub(
                        channels.computeIfAbsent(runner.member().getAddress(), connect))
                .withMaxInboundMessageSize(GrpcServer.MAX_MESSAGE_BYTES);
    }

    /** Drops the channels of runners that are gone; calls under way on them go on. */
    public synchronized void changed(MemberList members) {
        Set<String> addresses =
                members.all().stream().map(m -> m.member().getAddress()).collect(Collectors.toSet());
        channels.entrySet().removeIf(entry -> {
            boolean gone = !addresses.contains(entry.getKey());
            if (gone) {
                entry.getValue().shutdown();
            }
            return gone;
        });
        // A runner that is back at its address need not wait for the channel's next try, which may be minutes away.
        channels.values().forEach(ManagedChannel::resetConnectBackoff);
    }

    @Override
    public synchronized void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
        channels.clear();
    }
}
