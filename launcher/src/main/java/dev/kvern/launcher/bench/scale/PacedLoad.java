package dev.kvern.launcher.bench.scale;

import dev.kvern.process.ProcessNames;
import dev.kvern.runner.tier.BlockStoreClient;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.MissReason;
import dev.kvern.runner.tier.PutOutcome;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Gets of stored blocks at a steady pace, and puts of new ones, whether or not those before have been answered. Latency counts from
 * when a request was due, so that one that stands still shows in all that were due meanwhile. Safe for use by several threads.
 */
final class PacedLoad implements AutoCloseable {
    private static final int PUT_THREADS = 4;
    private static final long END_SECONDS = 30;

    private final BlockStoreClient client;
    private final Chains chains;
    private final ScaleSettings.Moving settings;
    private final Random random;
    private final ExecutorService puts =
            Executors.newFixedThreadPool(PUT_THREADS, ProcessNames.daemonThreads("kvern-bench-put"));
    private final Thread pacer = ProcessNames.daemonThreads("kvern-bench-pace").newThread(this::pace);

    /** Numbers of blocks that are stored. */
    private final List<Long> stored = Collections.synchronizedList(new ArrayList<>());

    private long offered;
    private volatile LoadPhase phase = new LoadPhase();
    private volatile boolean ended;

    PacedLoad(BlockStoreClient client, Chains chains, ScaleSettings.Moving settings, long seed) {
        this.client = client;
        this.chains = chains;
        this.settings = settings;
        this.random = new Random(seed);
        LongStream.range(0, settings.blocks()).forEach(stored::add);
        this.offered = settings.blocks();
    }

    void start() {
        pacer.start();
    }

    /** What is due from now on counts for another phase. */
    LoadPhase nextPhase() {
        var next = new LoadPhase();
        phase = next;
        return next;
    }

    /** Numbers of all blocks that have been stored. */
    List<Long> stored() {
        synchronized (stored) {
            return List.copyOf(stored);
        }
    }

    private void pace() {
        long interval = TimeUnit.SECONDS.toNanos(1) / settings.getsPerSecond();
        long due = System.nanoTime();
        for (int turn = 0; !ended; turn++) {
            due += interval;
            for (long now = System.nanoTime(); now - due < 0 && !ended; now = System.nanoTime()) {
                LockSupport.parkNanos(due - now);
            }
            get(due, phase);
            if (turn % ScaleSettings.Moving.GETS_PER_PUT == 0) {
                put(due, phase);
            }
        }
    }

    private void get(long due, LoadPhase of) {
        long number = stored.get(random.nextInt(stored.size()));
        client.fetch(List.of(chains.key(number)), chains.blockBytes(), (index, payload) -> {})
                .outcome()
                .whenComplete((outcome, failure) -> {
                    if (outcome instanceof FetchOutcome.Hit) {
                        of.got(System.nanoTime() - due);
                    } else {
                        of.missed(reason(outcome));
                    }
                });
    }

    private static MissReason reason(@Nullable FetchOutcome outcome) {
        return outcome instanceof FetchOutcome.Miss miss ? miss.reason() : MissReason.LOCAL_FAILURE;
    }

    private void put(long due, LoadPhase of) {
        long number = offered++;
        puts.execute(() -> {
            if (client.put(List.of(chains.block(number))) instanceof PutOutcome.Stored) {
                of.put(System.nanoTime() - due);
                stored.add(number);
            } else {
                of.putFailed();
            }
        });
    }

    @Override
    public void close() throws InterruptedException {
        ended = true;
        pacer.join();
        puts.shutdown();
        if (!puts.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
            puts.shutdownNow();
        }
    }
}
