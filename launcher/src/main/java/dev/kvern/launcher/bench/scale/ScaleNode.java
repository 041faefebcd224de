package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.rpc.GrpcChannels;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.BlockStoreServiceGrpc.BlockStoreServiceBlockingStub;
import dev.kvern.v1.CacheAdminServiceGrpc;
import dev.kvern.v1.CacheAdminServiceGrpc.CacheAdminServiceBlockingStub;
import dev.kvern.v1.StatsRequest;
import dev.kvern.v1.StatsResponse;
import io.grpc.ManagedChannel;
import java.util.concurrent.TimeUnit;

/** Asks a cache node, a process of its own that is not ended here. Safe for use by several threads. */
final class ScaleNode implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;

    private final String address;
    private final ManagedChannel channel;

    /** Waits until it is ready. */
    ScaleNode(ServiceProcess process) {
        this.address = String.valueOf(process.awaitReady().get("grpc"));
        this.channel = GrpcChannels.open(address);
    }

    String address() {
        return address;
    }

    StatsResponse stats() {
        return blocks().stats(StatsRequest.getDefaultInstance());
    }

    BlockStoreServiceBlockingStub blocks() {
        return BlockStoreServiceGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    CacheAdminServiceBlockingStub admin(long limitSeconds) {
        return CacheAdminServiceGrpc.newBlockingStub(channel).withDeadlineAfter(limitSeconds, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
