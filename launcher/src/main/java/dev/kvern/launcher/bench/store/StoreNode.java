package dev.kvern.launcher.bench.store;

import dev.kvern.block.BlockKey;
import dev.kvern.launcher.bench.JvmConnection;
import dev.kvern.launcher.process.FreePorts;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.GrpcChannels;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.DeleteRequest;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The cache node, a process of its own. Confined to a thread. */
final class StoreNode implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;

    private final ServiceProcess process;
    private final String address;
    private final Path socket;
    private final ManagedChannel channel;
    private final @Nullable JvmConnection jvm;
    private final @Nullable Allocations allocations;

    private StoreNode(ServiceProcess process, Path socket, PrintStream out) {
        this.process = process;
        this.socket = socket;
        this.address = String.valueOf(process.awaitReady().get("grpc"));
        this.channel = GrpcChannels.open(address);
        JvmConnection connection = null;
        Allocations counted = null;
        try {
            connection = JvmConnection.attach(process);
            counted = Allocations.of(connection.beans());
        } catch (KvernException | IOException e) {
            out.println("what the node allocates cannot be told: " + e.getMessage());
        }
        this.jvm = connection;
        this.allocations = counted;
    }

    /** Starts it and waits until it is ready. */
    static StoreNode start(ServiceStarter starter, StoreSettings settings, PrintStream out) {
        int discovery = FreePorts.find(1).get(0);
        Path socket = starter.directory().resolve("node.sock");
        ServiceProcess process = starter.start(
                "node",
                "node",
                List.of(
                        "id=node",
                        "listen.grpc_port=0",
                        "listen.unix_socket=" + socket,
                        "ignite.discovery_port=" + discovery,
                        "ignite.communication_port=0",
                        "ignite.addresses=[\"127.0.0.1:" + discovery + "\"]",
                        "ignite.work_directory=" + starter.directory().resolve("node-work"),
                        "backups=0",
                        "memory.region_bytes=" + settings.regionBytes(),
                        "memory.max_block_bytes=" + settings.largestValueBytes()));
        try {
            return new StoreNode(process, socket, out);
        } catch (RuntimeException e) {
            process.close();
            throw e;
        }
    }

    String address() {
        return address;
    }

    /** The same node on this machine's file system. */
    String unixTarget() {
        return GrpcChannels.UNIX_SCHEME + socket.toAbsolutePath();
    }

    void delete(List<BlockKey> keys) {
        var request = DeleteRequest.newBuilder();
        keys.forEach(key -> request.addKeys(key.toByteString()));
        BlockStoreServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .delete(request.build());
    }

    OptionalLong allocatedBytes() {
        return allocations == null ? OptionalLong.empty() : allocations.read();
    }

    @Override
    public void close() {
        channel.shutdownNow();
        if (jvm != null) {
            jvm.close();
        }
        process.close();
    }
}
