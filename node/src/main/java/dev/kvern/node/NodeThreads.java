package dev.kvern.node;

import dev.kvern.process.ProcessNames;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A node's threads, by what they may wait for: what waits for one thing keeps nothing else waiting. Immutable.
 *
 * @param timer heartbeats, evictions, and blocks that wait for room
 * @param messages answers to other nodes
 * @param waits calls to Ignite on behalf of callers
 * @param calls gRPC calls, which never block
 * @param admin calls of people; one that finds no thread is refused
 */
record NodeThreads(
        ScheduledExecutorService timer,
        ExecutorService messages,
        ExecutorService waits,
        ExecutorService calls,
        ExecutorService admin)
        implements AutoCloseable {
    /** Heartbeats, and blocks that wait for room, must not wait while an eviction or messages to a node that hangs do. */
    private static final int TIMER_THREADS = 6;

    /** Some of them may wait for a connection to a node that hangs. */
    private static final int MESSAGE_THREADS = 8;

    private static final int GRPC_THREADS = 4;
    private static final int ADMIN_CALLS = 4;
    private static final int MAX_WAITING_CALLS = 16_384;

    /** @param waiting threads that wait for Ignite */
    static NodeThreads start(int waiting) {
        return new NodeThreads(
                Executors.newScheduledThreadPool(TIMER_THREADS, ProcessNames.daemonThreads("kvern-node-timer")),
                pool(MESSAGE_THREADS, MESSAGE_THREADS, new LinkedBlockingQueue<>(MAX_WAITING_CALLS), "messages"),
                pool(waiting, waiting, new LinkedBlockingQueue<>(MAX_WAITING_CALLS), "store"),
                Executors.newFixedThreadPool(GRPC_THREADS, ProcessNames.daemonThreads("kvern-node-grpc")),
                pool(0, ADMIN_CALLS, new SynchronousQueue<>(), "admin"));
    }

    private static ExecutorService pool(int least, int most, BlockingQueue<Runnable> queue, String name) {
        return new ThreadPoolExecutor(
                least, most, 1, TimeUnit.MINUTES, queue, ProcessNames.daemonThreads("kvern-node-" + name));
    }

    /** Ends all of them at once, what waits included. */
    @Override
    public void close() {
        List.of(admin, calls, waits, timer, messages).forEach(ExecutorService::shutdownNow);
    }
}
