package dev.kvern.launcher.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class FreePortsTest {
    @Test
    void noneIsFoundTwice() throws IOException {
        var all = new ArrayList<>(FreePorts.find(20));
        all.addAll(FreePorts.find(20));
        assertThat(all).doesNotHaveDuplicates();
        for (int port : all) {
            try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                assertThat(socket.getLocalPort()).isEqualTo(port);
            }
        }
    }

    @Test
    void moreThanThereAreIsAnError() {
        assertThatThrownBy(() -> FreePorts.find(FreePorts.COUNT + 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("expected: at least " + (FreePorts.COUNT + 1));
    }
}
