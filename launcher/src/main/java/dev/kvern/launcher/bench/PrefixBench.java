package dev.kvern.launcher.bench;

import dev.kvern.launcher.bench.PrefixTimes.Origin;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Times to the first token with a prefix that is nowhere, in the runner's own pool, in its host memory, in the cluster. Each
 * sample has a prompt of its own, which one runner computes and another one then fetches. Confined to a thread.
 */
final class PrefixBench {
    private static final int SEED = 3;
    private static final int WARM_UPS = 3;
    private static final int WARM_UP_TOKENS = 512;

    /** A fetch is compiled, at the node and at the runner, after tens of megabytes. */
    private static final int WARM_UP_FETCHES = 20;

    private final ReuseSettings settings;
    private final RunnerClient first;
    private final RunnerClient second;
    private final @Nullable HostTierRunner host;
    private final NodeClient node;
    private final Random random = new Random(SEED);

    /** @param host null if runners have no such tier */
    PrefixBench(
            ReuseSettings settings,
            RunnerClient first,
            RunnerClient second,
            @Nullable HostTierRunner host,
            NodeClient node) {
        this.settings = settings;
        this.first = first;
        this.second = second;
        this.host = host;
        this.node = node;
    }

    /** So that what is measured is not a JVM that does this for the first time. */
    void warmUp() {
        var ignored = new PrefixTimes(settings.lengths());
        for (int i = 0; i < WARM_UPS; i++) {
            int[] prompt = measure(Math.min(WARM_UP_TOKENS, settings.longest()), ignored);
            for (int fetch = 0; fetch < WARM_UP_FETCHES; fetch++) {
                second.firstToken(prompt, RunnerClient.CLUSTER_ONLY);
            }
        }
    }

    /** Every length once, in random order. */
    void round(PrefixTimes times) {
        var lengths = new ArrayList<>(settings.lengths());
        Collections.shuffle(lengths, random);
        lengths.forEach(length -> measure(length, times));
    }

    /** Returns the prompt. */
    private int[] measure(int length, PrefixTimes times) {
        int[] prompt = prompt(length);
        GenerationCall cold = first.firstToken(prompt, RunnerClient.ALL);
        times.add(length, Origin.COLD, cold.ttftMillis(), 0);
        node.awaitStored(first.chunkKeys(prompt));

        GenerationCall local = first.firstToken(prompt, RunnerClient.READ_ONLY);
        times.add(length, Origin.LOCAL, local.ttftMillis(), local.usage().getCachedLocalTokens());

        GenerationCall cluster = second.firstToken(prompt, RunnerClient.ALL);
        times.add(length, Origin.CLUSTER, cluster.ttftMillis(), cluster.usage().getCachedClusterTokens());

        if (settings.breakEvenCandidate(length)) {
            // On the runner that fetched, since that is the choice it has.
            GenerationCall computed = second.firstToken(prompt(length), RunnerClient.NONE);
            times.add(length, Origin.COMPUTED, computed.ttftMillis(), 0);
        }
        if (host != null) {
            GenerationCall hit = host.hit(prompt);
            times.add(length, Origin.HOST, hit.ttftMillis(), hit.hostTokens());
        }
        return prompt;
    }

    private int[] prompt(int prefix) {
        return EngineWork.prompt(
                random, prefix + ReuseSettings.TAIL_TOKENS, settings.config().vocabularySize());
    }
}
