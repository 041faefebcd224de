package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.Probe;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One attempt of a probe: gRPC health, HTTP GET or a connection, from the host as a kubelet's. */
final class ProbeCheck {
    private ProbeCheck() {}

    /** Empty if it succeeds; else why not. */
    static Optional<String> of(Probe probe, Pod pod) {
        int timeoutMillis = 1_000 * Objects.requireNonNullElse(probe.getTimeoutSeconds(), 1);
        String host = pod.identity().address();
        if (probe.getGrpc() != null) {
            String service = Objects.requireNonNullElse(probe.getGrpc().getService(), "");
            return grpc(host, probe.getGrpc().getPort(), service, timeoutMillis);
        }
        if (probe.getHttpGet() != null) {
            int port = pod.port(probe.getHttpGet().getPort());
            return http(
                    host, port, Objects.requireNonNullElse(probe.getHttpGet().getPath(), "/"), timeoutMillis);
        }
        if (probe.getTcpSocket() != null) {
            return tcp(host, pod.port(probe.getTcpSocket().getPort()), timeoutMillis);
        }
        throw new IllegalArgumentException("probe " + probe + " (expected: grpc, httpGet or tcpSocket)");
    }

    private static Optional<String> grpc(String host, int port, String service, int timeoutMillis) {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress(host, port).usePlaintext().build();
        try {
            HealthCheckResponse.ServingStatus status = HealthGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(timeoutMillis, TimeUnit.MILLISECONDS)
                    .check(HealthCheckRequest.newBuilder().setService(service).build())
                    .getStatus();
            return status == HealthCheckResponse.ServingStatus.SERVING ? Optional.empty() : Optional.of("" + status);
        } catch (StatusRuntimeException e) {
            return Optional.of(e.getStatus().toString());
        } finally {
            channel.shutdownNow();
        }
    }

    private static Optional<String> http(String host, int port, String path, int timeoutMillis) {
        try {
            var connection = (HttpURLConnection)
                    URI.create("http://" + host + ":" + port + path).toURL().openConnection();
            connection.setConnectTimeout(timeoutMillis);
            connection.setReadTimeout(timeoutMillis);
            connection.setRequestProperty("Connection", "close");
            try {
                int status = connection.getResponseCode();
                return status >= 200 && status < 400 ? Optional.empty() : Optional.of("HTTP " + status);
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            return Optional.of(e.toString());
        }
    }

    private static Optional<String> tcp(String host, int port, int timeoutMillis) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), timeoutMillis);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(e.toString());
        }
    }
}
