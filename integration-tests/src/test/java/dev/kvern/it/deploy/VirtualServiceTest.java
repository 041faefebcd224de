package dev.kvern.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class VirtualServiceTest {
    private static final InetSocketAddress ANYWHERE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private volatile List<InetSocketAddress> targets = List.of();

    @Test
    void aConnectionStaysWithThePodThatItBeganWith() throws IOException {
        try (var first = new Echo("a");
                var second = new Echo("b");
                var service = new VirtualService(ANYWHERE, () -> targets)) {
            targets = List.of(first.address());
            try (var before = new Socket()) {
                before.connect(service.address());
                assertThat(ask(before, "1")).isEqualTo("a1");
                targets = List.of(second.address());
                try (var after = new Socket()) {
                    after.connect(service.address());
                    assertThat(ask(after, "2")).isEqualTo("b2");
                }
                assertThat(ask(before, "3")).isEqualTo("a3");
            }
        }
    }

    @Test
    void aConnectionBreaksWhereThereIsNoPodOrThePodIsGone() throws IOException {
        var pod = new Echo("a");
        InetSocketAddress gone = pod.address();
        pod.close();
        try (var service = new VirtualService(ANYWHERE, () -> targets)) {
            for (List<InetSocketAddress> now : List.of(List.<InetSocketAddress>of(), List.of(gone))) {
                targets = now;
                assertThatThrownBy(() -> {
                            try (var socket = new Socket()) {
                                socket.connect(service.address());
                                ask(socket, "1");
                            }
                        })
                        .isInstanceOf(IOException.class);
            }
        }
    }

    /** Sends a character, and returns the two that come. */
    private static String ask(Socket socket, String question) throws IOException {
        socket.getOutputStream().write(question.getBytes(StandardCharsets.US_ASCII));
        byte[] answer = socket.getInputStream().readNBytes(2);
        if (answer.length < 2) {
            throw new IOException("closed");
        }
        return new String(answer, StandardCharsets.US_ASCII);
    }

    /** Says its name before each character that it is sent. */
    private static final class Echo implements AutoCloseable {
        private final ServerSocket server;

        Echo(String name) throws IOException {
            server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
            start(() -> {
                while (!server.isClosed()) {
                    Socket socket = server.accept();
                    start(() -> {
                        for (int c = socket.getInputStream().read();
                                c >= 0;
                                c = socket.getInputStream().read()) {
                            socket.getOutputStream().write(new byte[] {(byte) name.charAt(0), (byte) c});
                        }
                    });
                }
            });
        }

        private interface Work {
            void run() throws IOException;
        }

        private static void start(Work work) {
            var thread = new Thread(() -> {
                try {
                    work.run();
                } catch (IOException e) {
                    // Closed.
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        InetSocketAddress address() {
            return (InetSocketAddress) server.getLocalSocketAddress();
        }

        @Override
        public void close() {
            try {
                server.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
