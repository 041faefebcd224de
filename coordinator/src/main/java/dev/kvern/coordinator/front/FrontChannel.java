package dev.kvern.coordinator.front;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.FailureInterceptor;
import dev.kvern.rpc.KvernException;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.util.concurrent.Executor;

/**
 * The front door for callers within this process: calls, cancellation, deadlines and flow control as over the wire, without
 * bytes. Safe for use by several threads.
 */
public final class FrontChannel implements AutoCloseable {
    private final Server server;
    private final ManagedChannel channel;

    private FrontChannel(Server server, ManagedChannel channel) {
        this.server = server;
        this.channel = channel;
    }

    /** @param executor runs the front door's calls, and what hears of their answers */
    public static FrontChannel open(GenerationFrontDoor front, Executor executor) {
        String name = InProcessServerBuilder.generateName();
        var builder = InProcessServerBuilder.forName(name)
                .executor(executor)
                .addService(ServerInterceptors.intercept(front, new FailureInterceptor()));
        front.telemetry().serverInterceptors().forEach(builder::intercept);
        Server server = builder.build();
        try {
            server.start();
        } catch (IOException e) {
            throw new KvernException(ErrorReason.INTERNAL, "the front door's channel: " + e.getMessage(), e);
        }
        return new FrontChannel(
                server, InProcessChannelBuilder.forName(name).executor(executor).build());
    }

    public Channel channel() {
        return channel;
    }

    @Override
    public void close() {
        channel.shutdownNow();
        server.shutdownNow();
    }
}
