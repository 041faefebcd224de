package dev.kvern.launcher.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ports for services that must know each other's before they start. Of those below the ones that a system gives to whoever asks for any
 * (Linux: from 32768 on): there a port that is free now would be taken now and then by a connection or a server of another process
 * before its own has started. Safe for use by several threads.
 */
public final class FreePorts {
    static final int FIRST = 15_000;
    static final int COUNT = 17_000;

    /** Anywhere at first, so that two processes that look at the same time are far apart; then ever on, so that none is found twice. */
    private static final AtomicInteger next =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(COUNT));

    private FreePorts() {}

    /**
     * As many different ports of the loopback address, free a moment ago.
     *
     * @throws IllegalStateException if there are not that many
     */
    public static List<Integer> find(int count) {
        var ports = new ArrayList<Integer>();
        for (int tried = 0; ports.size() < count; tried++) {
            if (tried == COUNT) {
                throw new IllegalStateException("free ports from " + FIRST + " on: " + ports.size() + " of " + COUNT
                        + " (expected: at least " + count + ")");
            }
            int port = FIRST + Math.floorMod(next.getAndIncrement(), COUNT);
            if (isFree(port)) {
                ports.add(port);
            }
        }
        return ports;
    }

    private static boolean isFree(int port) {
        try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }
}
