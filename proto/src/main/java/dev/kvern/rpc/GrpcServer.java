package dev.kvern.rpc;

import io.grpc.BindableService;
import io.grpc.Server;
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
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

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
    private static final int FLOW_CONTROL_WINDOW_BYTES = 4 << 20;

    private final Server server;
    private final HealthStatusManager health;

    /** What health is asked about: the server as a whole, and each service. */
    private final List<String> names;

    private final AtomicBoolean stopping = new AtomicBoolean();

    private GrpcServer(Server server, HealthStatusManager health, List<String> names) {
        this.server = server;
        this.health = health;
        this.names = List.copyOf(names);
    }

    /**
     * Binds and starts.
     *
     * @param host the address to listen on
     * @param port the port, 0 for any free one
     * @throws KvernException MISCONFIGURED if the port cannot be bound
     */
    public static GrpcServer start(String host, int port, Executor executor, List<? extends BindableService> services) {
        var health = new HealthStatusManager();
        var names = new ArrayList<String>();
        names.add(HealthStatusManager.SERVICE_NAME_ALL_SERVICES);
        var builder = NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
                .executor(executor)
                .intercept(new FailureInterceptor())
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .flowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addService(health.getHealthService())
                .addService(ProtoReflectionServiceV1.newInstance());
        for (BindableService service : services) {
            // Parsed inside the interceptor instead of before it: bytes that are no message then get a status that says
            // so.
            ServerServiceDefinition bound = service.bindService();
            names.add(bound.getServiceDescriptor().getName());
            builder.addService(ServerInterceptors.useInputStreamMessages(bound));
        }
        names.forEach(name -> health.setStatus(name, ServingStatus.NOT_SERVING));
        try {
            return new GrpcServer(builder.build().start(), health, names);
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "listen address " + HostPort.of(host, port) + ": " + rootMessage(e)
                            + " (expected: an address of this machine and a free port)",
                    e);
        }
    }

    /** The port bound. */
    public int port() {
        return server.getPort();
    }

    /** Says through the health service whether calls are welcome. */
    public void serving(boolean welcome) {
        names.forEach(name -> health.setStatus(name, welcome ? ServingStatus.SERVING : ServingStatus.NOT_SERVING));
    }

    /** Waits until the server has stopped. */
    public void awaitTermination() throws InterruptedException {
        server.awaitTermination();
    }

    /** Refuses new calls, lets running ones end for up to {@code graceMillis}, then cuts them. May be called again. */
    public void stop(long graceMillis) {
        if (stopping.compareAndSet(false, true)) {
            health.enterTerminalState();
        }
        server.shutdown();
        try {
            if (!server.awaitTermination(graceMillis, TimeUnit.MILLISECONDS)) {
                server.shutdownNow().awaitTermination(2, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            server.shutdownNow();
            Thread.currentThread().interrupt();
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
