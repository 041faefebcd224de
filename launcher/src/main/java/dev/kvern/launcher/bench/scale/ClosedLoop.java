package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.bench.Latencies;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Threads that each do one operation after the other. Confined to a thread. */
final class ClosedLoop implements AutoCloseable {
    private final int threads;
    private final ExecutorService executor;

    ClosedLoop(int threads) {
        this.threads = threads;
        this.executor = Executors.newFixedThreadPool(threads);
    }

    int threads() {
        return threads;
    }

    /** One operation, the {@code turn}-th of a thread's, both from 0. */
    @FunctionalInterface
    interface Operation {
        void run(int thread, int turn);
    }

    /**
     * What was done.
     *
     * @param seconds from the common start until the last thread was done
     * @param nanos each thread's operations
     */
    record Result(double seconds, List<long[]> nanos) {
        Result {
            nanos = List.copyOf(nanos);
        }

        double perSecond() {
            return latencies().count() / seconds;
        }

        Latencies latencies() {
            return Latencies.of(nanos.stream());
        }
    }

    /** Does {@code turns} operations on each thread. */
    Result run(int turns, Operation operation) throws InterruptedException {
        var start = new CyclicBarrier(threads);
        var running = new ArrayList<Future<long[]>>();
        for (int i = 0; i < threads; i++) {
            int thread = i;
            running.add(executor.submit(() -> share(start, thread, turns, operation)));
        }
        var marks = new ArrayList<long[]>();
        for (Future<long[]> each : running) {
            marks.add(result(each));
        }
        long first = marks.stream().mapToLong(m -> m[0]).min().orElseThrow();
        long last = marks.stream().mapToLong(m -> m[turns]).max().orElseThrow();
        return new Result(
                (last - first) / 1e9, marks.stream().map(ClosedLoop::gaps).toList());
    }

    private static long[] share(CyclicBarrier start, int thread, int turns, Operation operation)
            throws InterruptedException, BrokenBarrierException {
        long[] marks = new long[turns + 1];
        start.await();
        marks[0] = System.nanoTime();
        for (int turn = 0; turn < turns; turn++) {
            operation.run(thread, turn);
            marks[turn + 1] = System.nanoTime();
        }
        return marks;
    }

    private static long[] gaps(long[] marks) {
        long[] gaps = new long[marks.length - 1];
        for (int i = 0; i < gaps.length; i++) {
            gaps[i] = marks[i + 1] - marks[i];
        }
        return gaps;
    }

    private static long[] result(Future<long[]> running) throws InterruptedException {
        try {
            return running.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
