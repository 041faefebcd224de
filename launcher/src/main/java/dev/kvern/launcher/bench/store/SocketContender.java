package dev.kvern.launcher.bench.store;

import dev.kvern.block.BlockKey;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;

/** What loopback sockets can do: {@link SocketServer}, which stores nothing. */
final class SocketContender implements StoreContender {
    static final String NAME = StoreKind.SOCKET.label();

    /** Room for a buffer of the largest value for each connection. */
    private static final List<String> JVM_FLAGS =
            List.of("-Xms32m", "-Xmx32m", "-XX:MaxDirectMemorySize=256m", "-XX:+UseSerialGC");

    private final ServiceProcess process;
    private final InetSocketAddress address;
    private final int largestValueBytes;

    SocketContender(ServiceStarter starter, int largestValueBytes) {
        this.largestValueBytes = largestValueBytes;
        process = starter.startMain(
                NAME, SocketServer.class.getName(), JVM_FLAGS, List.of(String.valueOf(largestValueBytes)));
        String port = String.valueOf(process.awaitReady().get("port"));
        address = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Connection connect() {
        try {
            SocketChannel channel = SocketChannel.open(address);
            noDelay(channel);
            return new ChannelConnection(channel, largestValueBytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void noDelay(SocketChannel channel) throws IOException {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }

    @Override
    public void delete(List<BlockKey> keys) {}

    @Override
    public void close() {
        process.close();
    }

    private static final class ChannelConnection implements Connection {
        private final SocketChannel channel;
        private final ByteBuffer header = ByteBuffer.allocateDirect(SocketServer.HEADER_BYTES);
        private final ByteBuffer value;

        ChannelConnection(SocketChannel channel, int largestValueBytes) {
            this.channel = channel;
            this.value = SocketServer.touched(largestValueBytes);
        }

        @Override
        public void put(BlockKey key, Payload payload) {
            try {
                request(SocketServer.PUT, payload.size());
                SocketServer.drain(channel, payload.direct());
                receive(header.clear().limit(1));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public int get(BlockKey key, int valueBytes) {
            try {
                request(SocketServer.GET, valueBytes);
                receive(value.clear().limit(valueBytes));
                return value.position();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void request(int what, int bytes) throws IOException {
            SocketServer.drain(
                    channel, header.clear().putInt(what).putInt(bytes).flip());
        }

        private void receive(ByteBuffer target) throws IOException {
            if (!SocketServer.fill(channel, target)) {
                throw new IOException("the socket server has closed the connection");
            }
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                // The server is ended next.
            }
        }
    }
}
