package dev.kvern.launcher.bench;

import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A runner whose pool is so small that one long prompt drives all others out of it into the host's memory. Confined to a
 * thread.
 */
final class HostTierRunner implements AutoCloseable {
    private static final int SEED = 4;

    private final RunnerClient client;
    private final int[] filler;

    private HostTierRunner(RunnerClient client, int[] filler) {
        this.client = client;
        this.filler = filler;
    }

    /**
     * Starts it.
     *
     * @return null if runners have no tier in the host's memory
     */
    static @Nullable HostTierRunner start(ReuseCluster cluster, ReuseSettings settings, int kvBytesPerToken) {
        if (GenerationCall.hostField() == null) {
            return null;
        }
        int poolTokens = Math.min(
                settings.longest() + 2 * settings.chunkTokens(),
                settings.config().contextTokens());
        var client = new RunnerClient(
                ReuseCluster.address(cluster.startRunner(
                        "runner-host",
                        Math.max(1 << 20, (long) poolTokens * kvBytesPerToken),
                        List.of("host.bytes=" + 4L * poolTokens * kvBytesPerToken))),
                settings.chunkTokens());
        // With its one generated token it takes every block of the pool.
        int[] filler = EngineWork.prompt(
                new Random(SEED), poolTokens - 1, settings.config().vocabularySize());
        client.firstToken(filler, RunnerClient.ALL);
        return new HostTierRunner(client, filler);
    }

    /** A request whose prefix this runner fetched from the cluster, and then had to drop from its pool. */
    GenerationCall hit(int[] prompt) {
        client.firstToken(prompt, RunnerClient.ALL);
        // Leaves nothing: blocks that still wait to be offloaded could not be used again, and the hit would wait for
        // them.
        client.firstToken(filler, RunnerClient.READ_ONLY);
        return client.firstToken(prompt, RunnerClient.READ_ONLY);
    }

    @Override
    public void close() {
        client.close();
    }
}
