package dev.kvern.rpc;

import dev.kvern.process.ProcessNames;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/** A Unix domain socket to serve on, by Linux's epoll. Safe for use by several threads. */
final class UnixSocket implements AutoCloseable {
    /** What Linux takes, less the byte that ends it. */
    private static final int MAX_PATH_BYTES = 107;

    private static final int THREADS = 2;

    private final Path path;
    private final EventLoopGroup threads;

    private UnixSocket(Path path, EventLoopGroup threads) {
        this.path = path;
        this.threads = threads;
    }

    /**
     * Makes the path free: a socket that a process left behind, and that nobody listens on, is removed.
     *
     * @throws KvernException MISCONFIGURED if it cannot be served on
     */
    static UnixSocket at(String path) {
        if (!Epoll.isAvailable()) {
            throw refused(path, "needs Linux's epoll: " + Epoll.unavailabilityCause(), "");
        }
        Path file = Path.of(path).toAbsolutePath();
        if (file.toString().getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
            throw refused(path, "too long for the path of a socket", "at most " + MAX_PATH_BYTES + " bytes");
        }
        try {
            removeAbandoned(path, file);
        } catch (IOException e) {
            throw refused(path, e.toString(), "a path in a directory that can be written");
        }
        return new UnixSocket(
                file,
                new MultiThreadIoEventLoopGroup(
                        THREADS, ProcessNames.daemonThreads("kvern-unix-socket"), EpollIoHandler.newFactory()));
    }

    private static void removeAbandoned(String path, Path file) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        if (Files.isRegularFile(file) || Files.isDirectory(file)) {
            throw refused(path, "exists and is no socket", "a path that is free");
        }
        try (var probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(file));
        } catch (IOException e) {
            Files.delete(file);
            return;
        }
        throw refused(path, "another process listens there", "a path of this process's own");
    }

    private static KvernException refused(String path, String why, String expected) {
        return new KvernException(
                ErrorReason.MISCONFIGURED,
                "unix socket " + path + ": " + why + (expected.isEmpty() ? "" : " (expected: " + expected + ")"));
    }

    /** A server on it. */
    NettyServerBuilder serverBuilder() {
        return NettyServerBuilder.forAddress(new DomainSocketAddress(path.toFile()))
                .channelType(EpollServerDomainSocketChannel.class)
                .bossEventLoopGroup(threads)
                .workerEventLoopGroup(threads);
    }

    /** Ends its threads and removes the file. To be called after the server has ended. */
    @Override
    public void close() {
        threads.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // Whoever binds it next finds nobody listening there, and removes it.
            LoggerFactory.getLogger(UnixSocket.class).debug("{} stays: {}", path, e.toString());
        }
    }
}
