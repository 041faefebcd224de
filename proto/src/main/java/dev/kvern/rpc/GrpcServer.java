package dev.kvern.rpc;

import com.google.common.util.concurrent.MoreExecutors;
import dev.kvern.telemetry.Telemetry;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A gRPC server as every Kvern process runs it: standard health and reflection beside its services, failures mapped to
 * statuses, bounded messages. Starts out as NOT_SERVING until {@link #serving}. Safe for use by several threads.
 */
public final class GrpcServer implements AutoCloseable {
    /** Largest message taken, in bytes: a long prompt as token ids, or one chunk of a block. */
    public static final int MAX_MESSAGE_BYTES = 8 << 20;

    /** A caller whose machine is gone says nothing: within so long its calls end, and what they hold comes back. */
    private static final long KEEP_ALIVE_SECONDS = 20;

    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 10;
    /** Also of channels: a stream of blocks must not wait for a window of 64 KiB to be granted again. */
    static final int FLOW_CONTROL_WINDOW_BYTES = 4 << 20;

    /** The one on a port first. */
    private final List<Server> servers;

    private final HealthStatusManager health;

    /** What health is asked about: the server as a whole, and each service. */
    private final List<String> names;

    private final AtomicBoolean stopping = new AtomicBoolean();

    /** What the server on a Unix socket runs on; null without one. */
    private final @Nullable UnixSocket unixSocket;

    private GrpcServer(
            List<Server> servers, HealthStatusManager health, List<String> names, @Nullable UnixSocket unixSocket) {
        this.servers = List.copyOf(servers);
        this.health = health;
        this.names = List.copyOf(names);
        this.unixSocket = unixSocket;
    }

    /**
     * Binds and starts.
     *
     * @param host the address to listen on
     * @param port the port, 0 for any free one
     * @throws KvernException MISCONFIGURED if the port cannot be bound
     */
    public static GrpcServer start(String host, int port, Executor executor, List<? extends BindableService> services) {
        return start(host, port, "", executor, Set.of(), services);
    }

    /** The same with spans. */
    public static GrpcServer start(
            String host, int port, Executor executor, List<? extends BindableService> services, Telemetry telemetry) {
        return start(host, port, "", executor, Set.of(), services, telemetry);
    }

    /**
     * The same, also on a Unix domain socket, which callers on this machine reach faster.
     *
     * @param unixSocket its path; empty for none
     * @param onTransport full names of methods that never block: they run on the transport's own threads, where the bytes that
     *     they move are in the processor's cache and no other thread must be woken for each message
     * @throws KvernException MISCONFIGURED if the port or the path cannot be bound
     */
    public static GrpcServer start(
            String host,
            int port,
            String unixSocket,
            Executor executor,
            Set<String> onTransport,
            List<? extends BindableService> services) {
        return start(host, port, unixSocket, executor, onTransport, services, Telemetry.off());
    }

    /** The same with spans. */
    public static GrpcServer start(
            String host,
            int port,
            String unixSocket,
            Executor executor,
            Set<String> onTransport,
            List<? extends BindableService> services,
            Telemetry telemetry) {
        List<ServerInterceptor> outer = telemetry.serverInterceptors();
        ServerCallExecutorSupplier executors = executors(executor, onTransport);
        var health = new HealthStatusManager();
        var names = new ArrayList<String>();
        names.add(HealthStatusManager.SERVICE_NAME_ALL_SERVICES);
        var bound = new ArrayList<ServerServiceDefinition>();
        for (BindableService service : services) {
            ServerServiceDefinition definition = service.bindService();
            names.add(definition.getServiceDescriptor().getName());
            // Parsed inside the interceptor instead of before it: bytes that are no message then get a status that says
            // so.
            bound.add(ServerInterceptors.useInputStreamMessages(definition));
        }
        names.forEach(name -> health.setStatus(name, ServingStatus.NOT_SERVING));
        Server onPort = started(
                NettyServerBuilder.forAddress(new InetSocketAddress(host, port)),
                HostPort.of(host, port),
                executors,
                outer,
                health,
                bound);
        if (unixSocket.isEmpty()) {
            return new GrpcServer(List.of(onPort), health, names, null);
        }
        UnixSocket socket = null;
        try {
            socket = UnixSocket.at(unixSocket);
            Server onSocket = started(socket.serverBuilder(), unixSocket, executors, outer, health, bound);
            return new GrpcServer(List.of(onPort, onSocket), health, names, socket);
        } catch (RuntimeException e) {
            onPort.shutdownNow();
            if (socket != null) {
                socket.close();
            }
            throw e;
        }
    }

    private static Server started(
            NettyServerBuilder builder,
            String address,
            ServerCallExecutorSupplier executors,
            List<ServerInterceptor> outer,
            HealthStatusManager health,
            List<ServerServiceDefinition> services) {
        // What a call runs on before its method is known.
        builder.directExecutor()
                .callExecutor(executors)
                .intercept(new FailureInterceptor())
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .flowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addService(health.getHealthService())
                .addService(ProtoReflectionServiceV1.newInstance());
        outer.forEach(builder::intercept);
        services.forEach(builder::addService);
        try {
            return builder.build().start();
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "listen address " + address + ": " + rootMessage(e)
                            + " (expected: an address of this machine and a free port)",
                    e);
        }
    }

    private static ServerCallExecutorSupplier executors(Executor executor, Set<String> onTransport) {
        return new ServerCallExecutorSupplier() {
            @Override
            public <I, O> Executor getExecutor(ServerCall<I, O> call, Metadata metadata) {
                return onTransport.contains(call.getMethodDescriptor().getFullMethodName())
                        ? MoreExecutors.directExecutor()
                        : executor;
            }
        };
    }

    /** The port bound. */
    public int port() {
        return servers.get(0).getPort();
    }

    /** Says through the health service whether calls are welcome. */
    public void serving(boolean welcome) {
        names.forEach(name -> health.setStatus(name, welcome ? ServingStatus.SERVING : ServingStatus.NOT_SERVING));
    }

    /** Waits until the server has stopped. */
    public void awaitTermination() throws InterruptedException {
        for (Server server : servers) {
            server.awaitTermination();
        }
    }

    /** Refuses new calls and connections; callers that are connected are told to go elsewhere. Running calls go on. */
    public void refuse() {
        if (stopping.compareAndSet(false, true)) {
            health.enterTerminalState();
        }
        servers.forEach(Server::shutdown);
    }

    /** Refuses new calls, lets running ones end for up to {@code graceMillis}, then cuts them. May be called again. */
    public void stop(long graceMillis) {
        refuse();
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(graceMillis);
        try {
            for (Server server : servers) {
                if (!server.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    server.shutdownNow().awaitTermination(2, TimeUnit.SECONDS);
                }
            }
        } catch (InterruptedException e) {
            servers.forEach(Server::shutdownNow);
            Thread.currentThread().interrupt();
        } finally {
            if (unixSocket != null) {
                unixSocket.close();
            }
        }
    }

    @Override
    public void close() {
        stop(0);
    }

    private static String rootMessage(Throwable failure) {
        Throwable t = failure;
        while (t.getCause() != null) {
            t = t.getCause();
        }
        // Of a host that has no address the JDK only says so by the exception's name.
        return t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage();
    }
}
