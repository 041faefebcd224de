package dev.kvern.launcher.bench.scale;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** One store as it is filled: the connections to it, and what was put there. Confined to a thread. */
final class Filling implements AutoCloseable {
    private static final int BATCH = 50;

    /** Where blocks are numbered that are removed again. */
    private static final long PASSING = 1L << 40;

    private final FillStore store;
    private final Chains chains;
    private final ClosedLoop loop;
    private final List<FillStore.Connection> connections = new ArrayList<>();
    private int stored;
    private long passed = PASSING;

    /** @param loop not closed here */
    Filling(FillStore store, Chains chains, ClosedLoop loop) {
        this.store = store;
        this.chains = chains;
        this.loop = loop;
        for (int i = 0; i < loop.threads(); i++) {
            connections.add(store.connect());
        }
    }

    FillStore store() {
        return store;
    }

    /**
     * Stores blocks until there are so many: whole chains, from their starts.
     *
     * @param blocks a multiple of a batch for each connection
     * @return blocks a second
     */
    double fillTo(int blocks) throws InterruptedException {
        int from = stored;
        int turns = (blocks - from) / BATCH / connections.size();
        ClosedLoop.Result result = loop.run(
                turns,
                (thread, turn) -> connections
                        .get(thread)
                        .put(chains.blocks(from + (long) (turn * connections.size() + thread) * BATCH, BATCH)));
        stored = blocks;
        return (blocks - from) / result.seconds();
    }

    /**
     * What was done.
     *
     * @param clientCpuNanos of this process, for each operation
     * @param serverCpuNanos of the store's server, for each operation; 0 if nobody can tell
     */
    record Measured(ClosedLoop.Result result, double clientCpuNanos, double serverCpuNanos) {}

    /** What is put is removed again, which is not timed. */
    Measured measure(FillOperation operation) throws InterruptedException {
        int count = operation.blocks(chains);
        int each = operation.turns() * count;
        long from = passed;
        ClosedLoop.Operation work = switch (operation) {
            case GET, GET_RUN -> (thread, turn) -> connections.get(thread).get(chains.keys(place(count), count));
            case MATCH ->
                (thread, turn) -> connections.get(thread).match(chains.keys(place(count) / count * count, count));
            case PUT ->
                (thread, turn) -> connections
                        .get(thread)
                        .put(chains.blocks(from + (long) thread * each + (long) turn * count, count));
        };
        Measured measured = measured(operation.turns(), work);
        if (operation == FillOperation.PUT) {
            int all = each * connections.size();
            store.delete(chains.keys(from, all));
            passed += all;
        }
        return measured;
    }

    private Measured measured(int turns, ClosedLoop.Operation work) throws InterruptedException {
        int operations = turns * connections.size();
        CpuTime client = CpuTime.ofThisProcess();
        long clientBefore = client.nanos();
        long serverBefore = store.cpuNanos();
        ClosedLoop.Result result = loop.run(turns, work);
        return new Measured(
                result,
                (double) (client.nanos() - clientBefore) / operations,
                (double) (store.cpuNanos() - serverBefore) / operations);
    }

    /** Anywhere, with so many blocks from there on. */
    private long place(int count) {
        return ThreadLocalRandom.current().nextInt(stored - count + 1);
    }

    @Override
    public void close() {
        connections.forEach(FillStore.Connection::close);
    }
}
