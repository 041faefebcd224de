package dev.kvern.rpc;

import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.List;

/** How Kvern's processes reach each other. Stateless. */
public final class GrpcChannels {
    /** What a target on this machine's file system begins with. */
    public static final String UNIX_SCHEME = "unix://";

    /** Most that the other end sends on one stream before any of it is taken, but for what a message adds. */
    public static final int FLOW_CONTROL_WINDOW_BYTES = GrpcServer.FLOW_CONTROL_WINDOW_BYTES;

    private GrpcChannels() {}

    /** Whether a text is what {@link #open(String)} takes: HOST:PORT, or the scheme and an absolute path. */
    public static boolean isTarget(String text) {
        return text.startsWith(UNIX_SCHEME + "/") || HostPort.isValid(text);
    }

    /**
     * A channel; it connects when it is used.
     *
     * @param target HOST:PORT, or {@value #UNIX_SCHEME} and the absolute path of a Unix domain socket
     */
    public static ManagedChannel open(String target) {
        return open(target, List.of());
    }

    /**
     * The same for calls that are made for requests.
     *
     * @param outer the outermost last
     */
    public static ManagedChannel open(String target, List<ClientInterceptor> outer) {
        var builder = target.startsWith(UNIX_SCHEME)
                ? (NettyChannelBuilder) Grpc.newChannelBuilder(target, InsecureChannelCredentials.create())
                : NettyChannelBuilder.forTarget(target).usePlaintext();
        return builder.maxInboundMessageSize(GrpcServer.MAX_MESSAGE_BYTES)
                .flowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
                .intercept(outer)
                .build();
    }
}
