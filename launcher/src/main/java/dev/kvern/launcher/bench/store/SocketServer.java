package dev.kvern.launcher.bench.store;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * The least that a server can do: sends as many bytes as asked for, and takes in as many as announced, from and to memory that
 * it has ready. A process of its own, so that it competes for the machine as the others do.
 *
 * <p>A request is an int that says what, and an int that says how many bytes; a PUT's bytes follow. A GET is answered with the
 * bytes, a PUT with one byte.
 */
final class SocketServer {
    static final int GET = 1;
    static final int PUT = 2;
    static final int HEADER_BYTES = 2 * Integer.BYTES;

    private SocketServer() {}

    /** @param args the largest value in bytes */
    public static void main(String[] args) throws IOException {
        int largest = Integer.parseInt(args[0]);
        var server = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        start("accept", () -> {
            while (true) {
                SocketChannel channel = server.accept();
                start("connection", () -> serve(channel, largest));
            }
        });
        System.out.println("ready role=socket port=" + server.socket().getLocalPort());
        System.out.flush();
        while (System.in.read() >= 0) {
            // Its end is what is waited for.
        }
    }

    /** A thread that ends with the process. */
    private static void start(String name, Task task) {
        var thread = new Thread(
                () -> {
                    try {
                        task.run();
                    } catch (IOException e) {
                        System.out.println(name + ": " + e);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void serve(SocketChannel channel, int largest) throws IOException {
        ByteBuffer header = ByteBuffer.allocateDirect(HEADER_BYTES);
        ByteBuffer value = touched(largest);
        try (channel) {
            SocketContender.noDelay(channel);
            while (fill(channel, header.clear())) {
                int what = header.flip().getInt();
                value.clear().limit(header.getInt());
                if (what == GET) {
                    drain(channel, value);
                } else {
                    fill(channel, value);
                    drain(channel, header.clear().limit(1));
                }
            }
        }
    }

    /** Memory outside the heap that the operating system has really given. */
    static ByteBuffer touched(int bytes) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
        while (buffer.hasRemaining()) {
            buffer.put((byte) 1);
        }
        return buffer;
    }

    /** @return false if the other side has ended before */
    static boolean fill(SocketChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                return false;
            }
        }
        return true;
    }

    static void drain(SocketChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    @FunctionalInterface
    private interface Task {
        void run() throws IOException;
    }
}
