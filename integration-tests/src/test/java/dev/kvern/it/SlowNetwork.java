package dev.kvern.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A network of a given speed between callers and a server of this machine: connections to {@link #HOST} are passed on to the same
 * port of the loopback address, and what the server answers comes no faster than the speed. It can cut connections, too. Safe for
 * use by several threads.
 */
final class SlowNetwork implements AutoCloseable {
    /** Another loopback address than the servers', which bind 127.0.0.1: Linux has them all. */
    static final String HOST = "127.0.0.2";

    static final long FAST = Long.MAX_VALUE;

    /** A speed at which nothing more comes, while connections stay open. */
    static final long STALLED = 0;

    private static final int PIECE_BYTES = 16 << 10;
    private static final int CONNECT_MILLIS = 2_000;
    private static final long BURST_NANOS = 20_000_000;
    private static final long LOOK_NANOS = 5_000_000;

    private final ServerSocket server;
    private final int port;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Way questions = new Way();
    private final Way answers = new Way();
    private final AtomicInteger cuts = new AtomicInteger();
    private volatile long bytesPerSecond = FAST;

    /** What has passed one way, and what may yet before the connection is cut. */
    private static final class Way {
        private final AtomicLong passed = new AtomicLong();
        private final AtomicLong left = new AtomicLong(Long.MAX_VALUE);
    }

    SlowNetwork(int port) {
        this.port = port;
        try {
            server = new ServerSocket(port, 16, InetAddress.getByName(HOST));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon("accept", this::accept);
    }

    /** How fast answers come from now on; {@link #FAST} for as fast as they can. */
    void bytesPerSecond(long speed) {
        bytesPerSecond = speed;
    }

    /** Cuts the connection by which the last of so many more bytes of questions pass, and all later ones. */
    void cutAfterQuestions(long bytes) {
        questions.left.set(bytes);
    }

    /** The same of answers. */
    void cutAfterAnswers(long bytes) {
        answers.left.set(bytes);
    }

    /** Cuts nothing any more. */
    void mend() {
        questions.left.set(Long.MAX_VALUE);
        answers.left.set(Long.MAX_VALUE);
    }

    /** Connections that were cut. */
    int cuts() {
        return cuts.get();
    }

    /** Bytes of questions that have passed. */
    long questionBytes() {
        return questions.passed.get();
    }

    /** Bytes of answers that have passed. */
    long answerBytes() {
        return answers.passed.get();
    }

    private void accept() {
        try {
            while (!server.isClosed()) {
                Socket caller = server.accept();
                open.add(caller);
                daemon("connect", () -> connect(caller));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void connect(Socket caller) {
        var callee = new Socket();
        open.add(callee);
        try {
            callee.connect(new InetSocketAddress("127.0.0.1", port), CONNECT_MILLIS);
            caller.setTcpNoDelay(true);
            callee.setTcpNoDelay(true);
            daemon("questions", () -> pass(caller, callee, questions));
            daemon("answers", () -> pass(callee, caller, answers));
        } catch (IOException e) {
            // As if nobody listened.
            close(caller);
            close(callee);
        }
    }

    private void pass(Socket from, Socket to, Way way) {
        var piece = new byte[PIECE_BYTES];
        try (InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            long free = System.nanoTime();
            for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
                if (way == answers) {
                    while (bytesPerSecond == STALLED && !to.isClosed()) {
                        LockSupport.parkNanos(LOOK_NANOS);
                    }
                    // What a busy machine is late with comes the sooner after it, as it would from a network's buffers.
                    free = Math.max(free, System.nanoTime() - BURST_NANOS) + (long) (read * (1e9 / bytesPerSecond));
                    while (System.nanoTime() - free < 0) {
                        LockSupport.parkNanos(free - System.nanoTime());
                    }
                }
                long left = way.left.addAndGet(-read);
                out.write(piece, 0, (int) Math.max(0, Math.min(read, read + left)));
                way.passed.addAndGet(read);
                if (left <= 0) {
                    cuts.incrementAndGet();
                    return;
                }
            }
        } catch (IOException e) {
            // One side has gone.
        } finally {
            close(from);
            close(to);
        }
    }

    private void close(Socket socket) {
        open.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            // Gone all the same.
        }
    }

    private static void daemon(String name, Runnable work) {
        var thread = new Thread(work, "slow-network-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Set.copyOf(open).forEach(this::close);
    }
}
