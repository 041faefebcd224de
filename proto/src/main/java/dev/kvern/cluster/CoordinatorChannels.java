package dev.kvern.cluster;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.concurrent.TimeUnit;

/**
 * Connections to a coordinator. One whose machine is gone says nothing; it is noticed within seconds all the same, rather than when
 * TCP gives up after minutes, so that members are back soon after it is. Stateless.
 */
public final class CoordinatorChannels {
    private static final long KEEP_ALIVE_SECONDS = 6;
    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 3;

    private CoordinatorChannels() {}

    /**
     * A channel; it connects when it is used.
     *
     * @param target HOST:PORT
     * @param cluster which the caller is of
     */
    public static ManagedChannel open(String target, ClusterId cluster) {
        return NettyChannelBuilder.forTarget(target)
                .usePlaintext()
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .keepAliveWithoutCalls(true)
                .intercept(cluster.said())
                .build();
    }
}
