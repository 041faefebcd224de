package dev.kvern.launcher.bench;

import dev.kvern.runner.engine.Engine;
import dev.kvern.runner.engine.EngineOptions;
import dev.kvern.runner.engine.EnginePulse;
import dev.kvern.runner.engine.GenerationTask;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.LoadOptions;
import dev.kvern.runner.model.ModelDirectory;
import dev.kvern.runner.model.ProgressListener;
import dev.kvern.runner.model.Transformer;
import dev.kvern.runner.model.torch.PassingThread;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.FetchPlanner;
import dev.kvern.runner.tier.FetchPolicy;
import dev.kvern.runner.tier.OffloadQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * The runner's engine, in this process and without caches: what a request costs that must be computed. The one place where
 * the benchmark meets the engine's and the model's API. Confined to a thread.
 */
final class OwnEngine implements Contender {
    private static final int BLOCK_TOKENS = 16;
    private static final int MAX_RUNNING = 16;
    private static final int QUEUE = 256;
    private static final int AGEING_MILLIS = 1_000;
    private static final int STALLED_READER_MILLIS = 30_000;

    private final String type;
    private final int chunkTokens;
    private final Transformer model;
    private final KvMemory memory;
    private final Engine engine;

    private OwnEngine(String type, Transformer model, int chunkTokens, int prefillTokens, int poolTokens) {
        this.type = type;
        this.chunkTokens = chunkTokens;
        this.model = model;
        // A chunk to spare, and the block that an admission keeps free for each request.
        int blocks = poolTokens / BLOCK_TOKENS + chunkTokens / BLOCK_TOKENS + 3 * MAX_RUNNING;
        this.memory = model.allocate(blocks);
        this.engine = new Engine(
                model,
                memory,
                new BlockPool(blocks),
                CacheTier.NONE,
                OffloadQueue.NONE,
                new FetchPlanner(FetchPolicy.ALWAYS, chunkTokens, chunkTokens / BLOCK_TOKENS * memory.blockBytes()),
                new EngineOptions(
                        BLOCK_TOKENS,
                        chunkTokens,
                        prefillTokens,
                        MAX_RUNNING,
                        QUEUE,
                        AGEING_MILLIS,
                        STALLED_READER_MILLIS,
                        false),
                new EnginePulse(),
                System::nanoTime,
                () -> {});
    }

    /** Loads the model. */
    static OwnEngine load(ModelDirectory directory, String device, String type, int threads, int poolTokens) {
        LoadOptions options = LoadOptions.of(device, type, threads, BLOCK_TOKENS);
        // A GPU wants larger pieces of work than a CPU.
        boolean cuda = options.device().cuda();
        int chunkTokens = cuda ? 128 : 64;
        Transformer model = directory.load(options.withChunkTokens(chunkTokens), ProgressListener.NONE);
        return new OwnEngine(type, model, chunkTokens, cuda ? 1024 : 256, poolTokens);
    }

    @Override
    public String name() {
        return "kvern " + type;
    }

    @Override
    public String type() {
        return type;
    }

    @Override
    public int kvBytesPerToken() {
        return model.spec().kvBytesPerToken();
    }

    @Override
    public Outcome run(EngineWork work) {
        var streams = new ArrayList<GreedyStream>();
        long begin = System.nanoTime();
        for (EngineWork.Request request : work.requests()) {
            var stream = new GreedyStream();
            engine.submit(task(request), stream);
            streams.add(stream);
        }
        streams.forEach(GreedyStream::await);
        long first = streams.get(0).firstAt();
        long last = streams.stream().mapToLong(GreedyStream::lastAt).max().orElseThrow();
        long nanos = switch (work.kind()) {
            case PREFILL -> first - begin;
            case DECODE -> last - first;
            case BATCH -> last - begin;
        };
        return new Outcome(
                nanos / 1e9, streams.stream().map(GreedyStream::tokens).toList());
    }

    private static GenerationTask task(EngineWork.Request request) {
        return new GenerationTask(
                "bench",
                request.prompt(),
                OptionalInt.of(request.tokens()),
                "",
                false,
                false,
                false,
                OptionalLong.empty());
    }

    /** What copying a chunk costs. The engine must have nothing to do. */
    CopyBench copies() {
        return new CopyBench(memory, chunkTokens);
    }

    /** Logits at every position, chunk by chunk. The engine must have nothing to do: the model is for one at a time. */
    void logits(int[] tokens, LogitRows rows) {
        PassingThread.call("bench-logits", () -> {
            logitsHere(tokens, rows);
            return true;
        });
    }

    private void logitsHere(int[] tokens, LogitRows rows) {
        int blocks = (tokens.length + BLOCK_TOKENS - 1) / BLOCK_TOKENS;
        try (KvMemory own = model.allocate(blocks)) {
            int[] table = IntStream.range(0, blocks).toArray();
            for (int from = 0; from < tokens.length; from += chunkTokens) {
                int[] chunk = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + chunkTokens));
                rows.take(from, model.step(own, table, from, chunk, chunkTokens, chunk.length));
            }
        }
    }

    /** Gets the logits of some positions, row after row. */
    @FunctionalInterface
    interface LogitRows {
        void take(int firstPosition, float[] logits);
    }

    @Override
    public void close() {
        engine.close();
        memory.close();
        model.close();
    }
}
