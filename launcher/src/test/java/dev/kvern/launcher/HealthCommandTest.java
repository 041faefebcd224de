package dev.kvern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.kvern.rpc.GrpcServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HealthCommandTest {
    /** Asks, as long as it takes on a busy machine. */
    private static CommandRun health(String... arguments) {
        var all = new ArrayList<>(List.of("health", "--timeout", "30"));
        all.addAll(List.of(arguments));
        return CommandRun.of(all.toArray(String[]::new));
    }

    @Test
    void aServerIsHealthyWhileItSaysThatItServes() {
        try (GrpcServer server = GrpcServer.start("127.0.0.1", 0, Runnable::run, List.of())) {
            String target = "127.0.0.1:" + server.port();
            CommandRun starting = health(target);
            assertThat(starting.exitCode()).isEqualTo(1);
            assertThat(starting.out().strip()).isEqualTo("NOT_SERVING");
            server.serving(true);
            CommandRun run = health(target);
            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(run.out().strip()).isEqualTo("SERVING");
            CommandRun lacking = health(target, "--service", "kvern.v1.Nothing");
            assertThat(lacking.exitCode()).isEqualTo(1);
            assertThat(lacking.err()).startsWith("kvern: NOT_FOUND");
        }
        assertThat(CommandRun.of("health", "127.0.0.1:1").exitCode()).isEqualTo(1);
    }

    @Test
    void httpIsHealthyWith200Alone() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        for (int code : new int[] {200, 204, 302, 503}) {
            server.createContext("/" + code, exchange -> {
                exchange.getResponseHeaders().set("Location", "/200");
                exchange.sendResponseHeaders(code, -1);
                exchange.close();
            });
        }
        server.start();
        try {
            String base = "http://127.0.0.1:" + server.getAddress().getPort() + "/";
            assertThat(health(base + "200").exitCode()).isZero();
            for (int code : new int[] {204, 302, 503, 404}) {
                CommandRun run = health(base + code);
                assertThat(run.exitCode()).as("HTTP %s", code).isEqualTo(1);
                assertThat(run.out()).contains("HTTP " + code);
            }
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aServerThatTakesConnectionsAndSaysNothingIsNotHealthy() throws IOException {
        try (var silent = new ServerSocket()) {
            silent.bind(new InetSocketAddress("127.0.0.1", 0));
            String target = "127.0.0.1:" + silent.getLocalPort();
            CommandRun grpc = CommandRun.of("health", target, "--timeout", "1");
            assertThat(grpc.exitCode()).isEqualTo(1);
            assertThat(grpc.err()).startsWith("kvern: DEADLINE_EXCEEDED");
            CommandRun http = CommandRun.of("health", "http://" + target + "/readyz", "--timeout", "1");
            assertThat(http.exitCode()).isEqualTo(1);
            assertThat(http.err()).contains("timed out");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"localhost", "localhost:0", "http://localhost/readyz", "https://localhost:7480/", "http://a b:1/"
            })
    void anAddressThatIsNoneIsNamed(String address) {
        CommandRun run = CommandRun.of("health", address);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("ADDRESS: '" + address + "' (expected: HOST:PORT or http://HOST:PORT/PATH)");
    }
}
