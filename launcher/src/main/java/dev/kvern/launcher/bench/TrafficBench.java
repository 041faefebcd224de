package dev.kvern.launcher.bench;

import dev.kvern.block.BlockKey;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The speed of a request that decodes while its runner stores prompts in the cluster, or fetches them. Confined to a thread.
 */
final class TrafficBench {
    static final String SUBJECT = "decode beside";
    static final String ALONE = "nothing";
    static final String OFFLOAD = "offloading";
    static final String FETCH = "fetching";
    static final String LOCAL = "local hits at the same pace";

    private static final int SEED = 6;
    private static final int SETTLED_TOKENS = 8;

    private final ReuseSettings settings;
    private final RunnerClient runner;
    private final NodeClient node;
    private final PrintStream out;
    private final int[] watched;
    private final List<int[]> prompts = new ArrayList<>();
    private final List<List<BlockKey>> keys = new ArrayList<>();
    private final Map<String, List<Double>> rates = new LinkedHashMap<>();
    private final Map<String, List<Double>> megabytes = new LinkedHashMap<>();

    /** When what goes on beside the watched request began to count, and what the node had moved until then. */
    private record Start(long nanos, long bytes) {}

    /** What goes on beside the watched request. */
    @FunctionalInterface
    private interface Traffic {
        Start run() throws InterruptedException;
    }

    TrafficBench(ReuseSettings settings, RunnerClient runner, NodeClient node, PrintStream out) {
        this.settings = settings;
        this.runner = runner;
        this.node = node;
        this.out = out;
        var random = new Random(SEED);
        int vocabulary = settings.config().vocabularySize();
        this.watched = EngineWork.prompt(random, settings.decodePromptTokens(), vocabulary);
        for (int i = 0; i < settings.trafficPrompts(); i++) {
            prompts.add(EngineWork.prompt(random, settings.trafficTokens() + ReuseSettings.TAIL_TOKENS, vocabulary));
        }
    }

    /** Has the runner compute the prompts, so that all of them lie in its pool and in the cluster. */
    void prepare() {
        for (int[] prompt : prompts) {
            runner.firstToken(prompt, RunnerClient.ALL);
            keys.add(runner.chunkKeys(prompt));
        }
        keys.forEach(node::awaitStored);
    }

    void round() throws InterruptedException {
        watch(ALONE, () -> {
            Start begin = start();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(settings.watchMillis()));
            return begin;
        });
        watch(OFFLOAD, this::offload);
        var fetches = new int[1];
        var fetching = new long[1];
        watch(FETCH, () -> {
            Start begin = start();
            while (System.nanoTime() - begin.nanos() < TimeUnit.MILLISECONDS.toNanos(settings.watchMillis())) {
                runner.firstToken(prompts.get(fetches[0]++ % prompts.size()), RunnerClient.CLUSTER_ONLY);
            }
            fetching[0] = System.nanoTime() - begin.nanos();
            return begin;
        });
        // What is left of the difference to this is the fetching: these requests compute as much, as often.
        long pace = fetching[0] / Math.max(1, fetches[0]);
        watch(LOCAL, () -> {
            Start begin = start();
            for (int i = 0; i < fetches[0]; i++) {
                runner.firstToken(prompts.get(i % prompts.size()), RunnerClient.READ_ONLY);
                LockSupport.parkNanos(begin.nanos() + (i + 1) * pace - System.nanoTime());
            }
            return begin;
        });
    }

    /**
     * The cluster forgets the prompts, and requests that reuse them make the runner offer them again: bytes without
     * computing. The node takes them only when what the requests themselves compute, a chunk each, is over.
     */
    private Start offload() {
        keys.forEach(node::delete);
        long bytes = node.movedBytes();
        node.pause();
        try {
            var calls = new ArrayList<GenerationCall>();
            prompts.forEach(prompt -> calls.add(runner.begin(prompt, 1, RunnerClient.ALL)));
            calls.forEach(GenerationCall::await);
        } finally {
            node.resume();
        }
        Start begin = new Start(System.nanoTime(), bytes);
        keys.forEach(node::awaitStoredQuietly);
        return begin;
    }

    private Start start() {
        return new Start(System.nanoTime(), node.movedBytes());
    }

    private void watch(String variant, Traffic traffic) throws InterruptedException {
        GenerationCall call = runner.begin(watched, settings.decodeTokens(), RunnerClient.READ_ONLY);
        try {
            call.awaitTokens(SETTLED_TOKENS);
            Start from = traffic.run();
            long to = System.nanoTime();
            double rate = call.tokensPerSecond(from.nanos(), to);
            if (Double.isNaN(rate) || call.ended()) {
                out.println("left out: decode beside " + variant
                        + (call.ended() ? ", its tokens did not last" : ", over before it was seen"));
            } else {
                rates.computeIfAbsent(variant, v -> new ArrayList<>()).add(rate);
                megabytes
                        .computeIfAbsent(variant, v -> new ArrayList<>())
                        .add((node.movedBytes() - from.bytes()) / 1e6);
            }
        } finally {
            call.cancel();
        }
    }

    /** Adds a row for each variant; the ratio is to the speed with nothing beside. */
    void addTo(BenchRows rows) {
        List<Double> alone = rates.get(ALONE);
        rates.forEach((variant, values) -> {
            var samples = new Samples(values);
            BenchRow row = rows.row(SUBJECT, variant, "tokens/s", samples)
                    .with("moved_mb", new Samples(megabytes.getOrDefault(variant, List.of(0.0))).median());
            if (alone != null && !variant.equals(ALONE)) {
                var base = new Samples(alone);
                row = row.withRatio(samples.over(base), samples.median() / base.median());
            }
            rows.add(row);
        });
    }
}
