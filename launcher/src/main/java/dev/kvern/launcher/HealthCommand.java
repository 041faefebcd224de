package dev.kvern.launcher;

import dev.kvern.rpc.GrpcChannels;
import dev.kvern.rpc.HostPort;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kvern health}: for container engines that ask by running a command, in images that have no other. */
@Command(
        name = "health",
        mixinStandardHelpOptions = true,
        description = "Asks a server whether it serves: exit code 0 if it says so, 1 if not or not in time.")
final class HealthCommand implements Callable<Integer> {
    private static final String HTTP = "http://";

    @Parameters(
            paramLabel = "ADDRESS",
            description = "HOST:PORT is asked by gRPC's health protocol; http://HOST:PORT/PATH must answer with 200.")
    private String address = "";

    @Option(
            names = "--service",
            paramLabel = "NAME",
            defaultValue = "",
            description = "gRPC service to ask for; left out: the server as a whole.")
    private String service = "";

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "3",
            description = "Longest wait (default: ${DEFAULT-VALUE}).")
    private int timeoutSeconds;

    @Override
    public Integer call() throws IOException {
        if (timeoutSeconds < 1) {
            throw new UsageException("--timeout: " + timeoutSeconds + " (expected: at least 1)");
        }
        String status = address.startsWith(HTTP) ? askHttp() : askGrpc();
        System.out.println(status);
        return status.equals(ServingStatus.SERVING.name()) ? 0 : Kvern.FAILED;
    }

    private String askGrpc() {
        if (!HostPort.isValid(address)) {
            throw misaddressed();
        }
        ManagedChannel channel = GrpcChannels.open(address);
        try {
            return HealthGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(timeoutSeconds, TimeUnit.SECONDS)
                    .check(HealthCheckRequest.newBuilder().setService(service).build())
                    .getStatus()
                    .name();
        } finally {
            channel.shutdownNow();
        }
    }

    /** Without the JDK's HTTP client, whose threads take longer to start than the question. */
    private String askHttp() throws IOException {
        URI uri;
        try {
            uri = URI.create(address);
        } catch (IllegalArgumentException e) {
            throw misaddressed();
        }
        if (uri.getAuthority() == null || !HostPort.isValid(uri.getAuthority())) {
            throw misaddressed();
        }
        int millis = Math.toIntExact(TimeUnit.SECONDS.toMillis(timeoutSeconds));
        var connection = (HttpURLConnection) uri.toURL().openConnection();
        try {
            connection.setInstanceFollowRedirects(false);
            connection.setConnectTimeout(millis);
            connection.setReadTimeout(millis);
            int code = connection.getResponseCode();
            return code == HttpURLConnection.HTTP_OK ? ServingStatus.SERVING.name() : "HTTP " + code;
        } finally {
            connection.disconnect();
        }
    }

    private UsageException misaddressed() {
        return new UsageException("ADDRESS: '" + address + "' (expected: HOST:PORT or http://HOST:PORT/PATH)");
    }
}
