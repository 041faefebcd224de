package dev.kvern.it.deploy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/**
 * A port of a Service's virtual address. Each connection is led to one of the Service's pods, picked at random when it is made, and
 * stays there however the Service changes, as with kube-proxy; with no pod it is refused.
 */
final class VirtualService implements AutoCloseable {
    private static final int CONNECT_MILLIS = 3_000;
    private static final int PIECE_BYTES = 64 << 10;

    private final ServerSocket listener;
    private final Supplier<List<InetSocketAddress>> targets;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    /** @param targets pods' ports, as published now */
    VirtualService(InetSocketAddress address, Supplier<List<InetSocketAddress>> targets) {
        this.targets = targets;
        try {
            listener = new ServerSocket();
            listener.setReuseAddress(true);
            listener.bind(address);
        } catch (IOException e) {
            throw new UncheckedIOException(address + ": " + e.getMessage(), e);
        }
        thread("accept-" + address, this::accept);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                open.add(client);
                thread("forward-" + client.getRemoteSocketAddress(), () -> forward(client));
            } catch (IOException e) {
                // Closed; or a client that has given up already.
            }
        }
    }

    private void forward(Socket client) {
        List<InetSocketAddress> pods = targets.get();
        if (pods.isEmpty()) {
            reset(client);
            return;
        }
        var pod = new Socket();
        open.add(pod);
        try {
            pod.connect(pods.get(ThreadLocalRandom.current().nextInt(pods.size())), CONNECT_MILLIS);
            pod.setTcpNoDelay(true);
            client.setTcpNoDelay(true);
        } catch (IOException e) {
            reset(pod);
            reset(client);
            return;
        }
        Thread back = thread("back-" + client.getRemoteSocketAddress(), () -> copy(pod, client));
        copy(client, pod);
        try {
            back.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close(client);
        close(pod);
    }

    /** One direction until its end, which is passed on; a broken one breaks both. */
    private void copy(Socket from, Socket to) {
        var piece = new byte[PIECE_BYTES];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
                out.write(piece, 0, read);
            }
            to.shutdownOutput();
        } catch (IOException e) {
            reset(from);
            reset(to);
        }
    }

    private void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (SocketException e) {
            // It is closed.
        }
        close(socket);
    }

    private void close(Socket socket) {
        open.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            // It is of no use any more.
        }
    }

    private static Thread thread(String name, Runnable work) {
        var thread = new Thread(work, "kvern-" + name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        open.forEach(this::reset);
    }
}
