package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.v1.Member;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeTargetTest {
    @Test
    void aSocketIsTakenOnlyWhereItIs(@TempDir Path directory) throws IOException {
        Path path = directory.resolve("node.sock");
        var node = Member.newBuilder().setId("n").setAddress("10.0.0.7:7410");
        assertThat(NodeTarget.of(node.build())).isEqualTo(new NodeTarget("n", "10.0.0.7:7410"));
        node.setUnixSocket(path.toString());
        assertThat(NodeTarget.of(node.build())).isEqualTo(new NodeTarget("n", "10.0.0.7:7410"));
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            assertThat(NodeTarget.of(node.build())).isEqualTo(new NodeTarget("n", "unix://" + path));
        }
    }
}
