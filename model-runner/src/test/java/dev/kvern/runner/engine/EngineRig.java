package dev.kvern.runner.engine;

import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.FetchPlanner;
import dev.kvern.runner.tier.FetchPolicy;
import dev.kvern.runner.tier.OffloadOptions;
import dev.kvern.runner.tier.Offloader;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** An engine with all around it, on a clock that stands still unless it is moved. */
final class EngineRig implements AutoCloseable {
    static final int BLOCK = 4;
    static final int CHUNK = 16;

    /** Between offers of what a node has failed to store. */
    private static final int RETRY_MILLIS = 20;

    final ArithmeticModel model = new ArithmeticModel(BLOCK, CHUNK);
    final AtomicLong nanos = new AtomicLong(1);
    final BlockPool pool;
    final ArithmeticModel.Memory memory;
    final EnginePulse pulse = new EnginePulse();
    final Offloader offloader;
    final FetchPlanner planner;
    final Engine engine;

    EngineRig(int blocks, CacheTier tier) {
        this(blocks, tier, new EngineOptions(BLOCK, CHUNK, 64, 8, 64, 1_000, 1_000, false));
    }

    EngineRig(int blocks, CacheTier tier, EngineOptions options) {
        this(blocks, tier, options, FetchPolicy.ALWAYS);
    }

    EngineRig(int blocks, CacheTier tier, EngineOptions options, FetchPolicy policy) {
        pool = new BlockPool(blocks);
        memory = model.allocate(blocks);
        offloader = new Offloader(
                tier,
                memory,
                new OffloadOptions(1 << 20, 16, 60_000, 0, 1 << 20, RETRY_MILLIS, 100),
                System::nanoTime,
                pulse,
                pulse::wake);
        planner = new FetchPlanner(policy, CHUNK, options.chunkBlocks() * memory.blockBytes());
        engine = new Engine(model, memory, pool, tier, offloader, planner, options, pulse, nanos::get, () -> {});
    }

    /** As if a chunk had taken 10 ms lately, whether fetched or computed: then doing both at once saves half. */
    void slowChunks() {
        long millis = TimeUnit.MILLISECONDS.toNanos(10);
        for (int chunks = 1; chunks <= 6; chunks++) {
            planner.ended(planner.plan(0, chunks, 0), new FetchOutcome.Hit(chunks), 0, chunks * millis);
        }
        planner.computed(0, CHUNK, millis);
        planner.computed(CHUNK, CHUNK, millis);
    }

    static int[] prompt(long seed, int length) {
        return new Random(seed).ints(length, 0, ArithmeticModel.VOCABULARY).toArray();
    }

    static GenerationTask task(int[] prompt, int maxTokens) {
        return new GenerationTask(
                "test", prompt, OptionalInt.of(maxTokens), "", true, true, true, OptionalLong.empty());
    }

    Collected run(int[] prompt, int maxTokens) {
        return run(task(prompt, maxTokens));
    }

    Collected run(GenerationTask task) {
        var stream = new Collected();
        engine.submit(task, stream);
        stream.await();
        return stream;
    }

    void awaitOffloaded() {
        try {
            if (!offloader.awaitIdle(Duration.ofSeconds(20))) {
                throw new AssertionError("offloading does not end: " + offloader.stats());
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        engine.close();
        offloader.close();
    }
}
