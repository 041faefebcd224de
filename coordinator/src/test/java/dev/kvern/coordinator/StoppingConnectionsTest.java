package dev.kvern.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What callers' connections see of a coordinator that stops, by way of plain sockets. */
@Timeout(60)
class StoppingConnectionsTest {
    /** Longer than the test may take: it ends when the thread that stops is interrupted. */
    private static final int DELAY_MILLIS = 600_000;

    private static final int LIMIT_MILLIS = 20_000;

    /** A connection that is kept open as long as the server keeps it. */
    private static final class Connection implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader in;

        Connection(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(LIMIT_MILLIS);
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
        }

        /** Asks, and returns the head of the answer, in small letters. */
        List<String> ask(String path) throws IOException {
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: kvern\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            var head = new ArrayList<String>();
            int length = 0;
            for (@Nullable String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                head.add(line.toLowerCase(Locale.ROOT));
                if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                    length = Integer.parseInt(
                            line.substring(line.indexOf(':') + 1).strip());
                }
            }
            for (int i = 0; i < length; i++) {
                assertThat(in.read()).isNotNegative();
            }
            return head;
        }

        /** Waits until the server ends it. */
        void awaitEnd() throws IOException {
            assertThat(in.read()).isEqualTo(-1);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void callsAreTakenWhileItIsUnreadyAndConnectionsEnd() throws Exception {
        CoordinatorProcess process = CoordinatorProcess.start(CoordinatorConfig.loader()
                .load(
                        null,
                        List.of(
                                "listen.grpc_port=0",
                                "listen.http_port=0",
                                "membership.settle_millis=0",
                                "shutdown.delay_millis=" + DELAY_MILLIS,
                                "shutdown.grace_millis=0"))
                .config());
        ManagedChannel channel = NettyChannelBuilder.forTarget("127.0.0.1:" + process.grpcPort())
                .usePlaintext()
                .build();
        var stopping = new Thread(process::close, "stopping");
        try (var busy = new Connection(process.httpPort());
                var idle = new Connection(process.httpPort())) {
            assertThat(busy.ask("/readyz").get(0)).contains(" 200 ");
            assertThat(idle.ask("/readyz")).noneMatch(line -> line.startsWith("connection:"));
            stopping.start();
            awaitUnready(process.httpPort());

            assertThat(busy.ask("/v1/models"))
                    .contains("connection: close")
                    .first()
                    .asString()
                    .contains(" 200 ");
            busy.awaitEnd();
            try (var late = new Connection(process.httpPort())) {
                assertThat(late.ask("/v1/models")).contains("connection: close");
                late.awaitEnd();
            }
            assertThat(HealthGrpc.newBlockingStub(channel)
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus())
                    .isEqualTo(ServingStatus.NOT_SERVING);
            assertThat(stopping.isAlive()).isTrue();

            stopping.interrupt();
            idle.awaitEnd();
            stopping.join();
        } finally {
            channel.shutdownNow();
            stopping.interrupt();
            stopping.join();
        }
    }

    private static void awaitUnready(int port) throws IOException {
        while (true) {
            try (var probe = new Connection(port)) {
                List<String> head = probe.ask("/readyz");
                if (head.get(0).contains(" 503 ")) {
                    assertThat(head).contains("connection: close");
                    return;
                }
            }
            LockSupport.parkNanos(10_000_000);
        }
    }
}
