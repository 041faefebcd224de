package dev.kvern.launcher.bench.scale;

import dev.kvern.block.BlockKey;
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

    /** What is put is removed again, which is not timed. */
    ClosedLoop.Result measure(FillOperation operation) throws InterruptedException {
        int count = operation.blocks(chains);
        return switch (operation) {
            case GET, GET_RUN ->
                loop.run(
                        operation.turns(),
                        (thread, turn) -> connections.get(thread).get(chains.keys(place(count), count)));
            case MATCH ->
                loop.run(
                        operation.turns(),
                        (thread, turn) ->
                                connections.get(thread).match(chains.keys(place(count) / count * count, count)));
            case PUT -> put(operation, count);
        };
    }

    /** Anywhere, with so many blocks from there on. */
    private long place(int count) {
        return ThreadLocalRandom.current().nextInt(stored - count + 1);
    }

    private ClosedLoop.Result put(FillOperation operation, int count) throws InterruptedException {
        long from = passed;
        int each = operation.turns() * count;
        ClosedLoop.Result result = loop.run(
                operation.turns(),
                (thread, turn) -> connections
                        .get(thread)
                        .put(chains.blocks(from + (long) thread * each + (long) turn * count, count)));
        int all = each * connections.size();
        List<BlockKey> keys = chains.keys(from, all);
        store.delete(keys);
        passed += all;
        return result;
    }

    @Override
    public void close() {
        connections.forEach(FillStore.Connection::close);
    }
}
