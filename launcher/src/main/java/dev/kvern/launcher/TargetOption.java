package dev.kvern.launcher;

import dev.kvern.rpc.HostPort;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import picocli.CommandLine.Option;

/** The server that a client command talks to. */
final class TargetOption {
    @Option(
            names = "--target",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:7400",
            description = "gRPC address of the coordinator, or of one runner (default: ${DEFAULT-VALUE}).")
    private String target = "";

    ManagedChannel connect() {
        if (!HostPort.isValid(target)) {
            throw new UsageException("--target: '" + target + "' (expected: HOST:PORT)");
        }
        return NettyChannelBuilder.forTarget(target).usePlaintext().build();
    }

    @Override
    public String toString() {
        return target;
    }
}
