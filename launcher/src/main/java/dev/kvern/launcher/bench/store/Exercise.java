package dev.kvern.launcher.bench.store;

import dev.kvern.block.BlockKey;
import dev.kvern.launcher.bench.store.StoreCase.Operation;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Works with one contender: its connections, each with a thread that lives as long as this. Confined to a thread. */
final class Exercise implements AutoCloseable {

    /** How often what is read again is read: a part of the values then, small enough for a cache in front of them. */
    private static final int TURNS = 4;

    private final StoreContender contender;
    private final StoreSettings settings;
    private final Allocations client;
    private final ExecutorService threads;
    private final List<StoreContender.Connection> connections = new ArrayList<>();

    Exercise(StoreContender contender, StoreSettings settings, Allocations client) {
        this.contender = contender;
        this.settings = settings;
        this.client = client;
        this.threads = Executors.newFixedThreadPool(settings.mostConnections());
        for (int i = 0; i < settings.mostConnections(); i++) {
            connections.add(contender.connect());
        }
    }

    StoreContender contender() {
        return contender;
    }

    /** Writes new keys, reads them, reads some of them again, and removes them, which is not timed. */
    Map<Operation, Measurement> run(StoreCase one, Payload payload, Random random) throws InterruptedException {
        var keys = new ArrayList<List<BlockKey>>();
        for (int i = 0; i < one.connections(); i++) {
            keys.add(newKeys(settings.keysPerConnection(one), random));
        }
        Map<Operation, Measurement> measured = new EnumMap<>(Operation.class);
        measured.put(Operation.PUT, timed(keys, (connection, key) -> {
            connection.put(key, payload);
            return payload.size();
        }));
        Work get = (connection, key) -> connection.get(key, one.valueBytes());
        measured.put(Operation.GET, timed(keys, get));
        var again = new ArrayList<List<BlockKey>>();
        var turns = new ArrayList<List<BlockKey>>();
        for (List<BlockKey> own : keys) {
            List<BlockKey> few = own.subList(0, Math.max(1, own.size() / TURNS));
            again.add(few);
            turns.add(turns(few, own.size()));
        }
        timed(again, get);
        measured.put(Operation.GET_AGAIN, timed(turns, get));
        contender.delete(keys.stream().flatMap(List::stream).toList());
        measured.forEach((operation, measurement) -> check(one, operation, measurement));
        return measured;
    }

    /** Some keys, one after the other, over and over, until there are so many. */
    private static List<BlockKey> turns(List<BlockKey> keys, int count) {
        var turns = new ArrayList<BlockKey>();
        for (int i = 0; i < count; i++) {
            turns.add(keys.get(i % keys.size()));
        }
        return turns;
    }

    /** Who moves fewer bytes is not faster. */
    private void check(StoreCase one, Operation operation, Measurement measurement) {
        long expected = (long) one.valueBytes() * one.connections() * settings.keysPerConnection(one);
        if (measurement.bytes() != expected) {
            throw new KvernException(
                    ErrorReason.INTERNAL,
                    contender.name() + ", " + one.subject(operation) + ": " + measurement.bytes()
                            + " bytes moved (expected: " + expected + ")");
        }
    }

    private static List<BlockKey> newKeys(int count, Random random) {
        var keys = new ArrayList<BlockKey>();
        for (int i = 0; i < count; i++) {
            byte[] key = new byte[BlockKey.BYTES];
            random.nextBytes(key);
            keys.add(BlockKey.wrap(key));
        }
        return keys;
    }

    private Measurement timed(List<List<BlockKey>> keys, Work work) throws InterruptedException {
        var start = new CyclicBarrier(keys.size());
        OptionalLong clientBefore = client.read();
        OptionalLong serverBefore = contender.serverAllocatedBytes();
        var running = new ArrayList<Future<Share>>();
        for (int i = 0; i < keys.size(); i++) {
            StoreContender.Connection connection = connections.get(i);
            List<BlockKey> own = keys.get(i);
            running.add(threads.submit(() -> share(start, connection, own, work)));
        }
        var shares = new ArrayList<Share>();
        for (Future<Share> each : running) {
            shares.add(result(each));
        }
        long bytes = shares.stream().mapToLong(Share::bytes).sum();
        long first = shares.stream().mapToLong(Share::startNanos).min().orElseThrow();
        long last = shares.stream().mapToLong(Share::endNanos).max().orElseThrow();
        return new Measurement(
                bytes,
                last - first,
                shares.stream()
                        .map(Share::latencyNanos)
                        .flatMapToLong(Arrays::stream)
                        .toArray(),
                perByte(clientBefore, client.read(), bytes),
                perByte(serverBefore, contender.serverAllocatedBytes(), bytes));
    }

    private static Share share(
            CyclicBarrier start, StoreContender.Connection connection, List<BlockKey> keys, Work work)
            throws InterruptedException, BrokenBarrierException {
        long[] latencies = new long[keys.size()];
        long bytes = 0;
        start.await();
        long begin = System.nanoTime();
        long before = begin;
        for (int i = 0; i < latencies.length; i++) {
            bytes += work.on(connection, keys.get(i));
            long now = System.nanoTime();
            latencies[i] = now - before;
            before = now;
        }
        return new Share(bytes, begin, before, latencies);
    }

    private static Share result(Future<Share> running) throws InterruptedException {
        try {
            return running.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e);
        }
    }

    private static OptionalDouble perByte(OptionalLong before, OptionalLong after, long bytes) {
        return before.isPresent() && after.isPresent()
                ? OptionalDouble.of((double) (after.getAsLong() - before.getAsLong()) / bytes)
                : OptionalDouble.empty();
    }

    @Override
    public void close() {
        connections.forEach(StoreContender.Connection::close);
        threads.shutdownNow();
    }

    /** One operation; returns the payload bytes it has moved. */
    @FunctionalInterface
    private interface Work {
        int on(StoreContender.Connection connection, BlockKey key);
    }

    /** What one connection has done. */
    private record Share(long bytes, long startNanos, long endNanos, long[] latencyNanos) {}
}
