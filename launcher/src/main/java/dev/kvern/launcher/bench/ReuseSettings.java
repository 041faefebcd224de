package dev.kvern.launcher.bench;

import dev.kvern.runner.model.LoadOptions;
import dev.kvern.runner.model.ModelConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What {@code bench reuse} measures, and with what.
 *
 * @param threads of each runner
 * @param rounds after a warm-up
 * @param limit the longest prefix; 0 for one that suits the device
 * @param quick short prefixes
 * @param unixSocket whether runners reach the node by a Unix domain socket and share its memory
 */
record ReuseSettings(
        Path model,
        ModelConfig config,
        String device,
        String type,
        int threads,
        int rounds,
        int limit,
        boolean quick,
        boolean unixSocket) {
    static final int BLOCK_TOKENS = 16;

    /** What follows a prefix in a prompt: nobody's, always computed. */
    static final int TAIL_TOKENS = 16;

    private static final int SHORTEST_TOKENS = 64;

    /** Up to here a prefix may not be worth fetching. */
    private static final int SHORT_TOKENS = 512;

    /** Prompts that are offloaded or fetched again and again while another one decodes. */
    int trafficPrompts() {
        return quick ? 4 : 6;
    }

    int trafficTokens() {
        return Math.min(2048, longest());
    }

    /** Lengths of prefixes, powers of two; those below 256 are there to find the shortest that is worth fetching. */
    List<Integer> lengths() {
        int wanted = limit > 0 ? limit : quick ? SHORT_TOKENS : cuda() ? 16_384 : 8192;
        int longest = Math.min(wanted, config.contextTokens() - 2 * TAIL_TOKENS);
        return IntStream.iterate(chunkTokens(), length -> length <= longest, length -> 2 * length)
                .boxed()
                .toList();
    }

    int longest() {
        return lengths().stream().mapToInt(Integer::intValue).max().orElse(chunkTokens());
    }

    /** Whether computing a prefix of such a length is also timed with the tier left alone. */
    boolean breakEvenCandidate(int length) {
        return length <= SHORT_TOKENS;
    }

    private boolean cuda() {
        return options().device().cuda();
    }

    private LoadOptions options() {
        return LoadOptions.of(device, type, threads, BLOCK_TOKENS);
    }

    /** A GPU, and the way to it, want larger pieces of work than a CPU: 16 MiB of a model of 8 billion weights. */
    int chunkTokens() {
        return cuda() ? 2 * SHORTEST_TOKENS : SHORTEST_TOKENS;
    }

    /** Runners' settings that depend on the device. */
    List<String> deviceSettings() {
        return cuda()
                ? List.of(
                        "engine.prefill_tokens=1024",
                        // What is fetched is to be seen, also where computing it is faster.
                        "tier.fetch_policy=always",
                        "tier.fetch_timeout_millis=60000")
                : List.of();
    }

    /** Bytes of a token's keys and values. */
    long kvBytesPerToken() {
        return (long) config.kvValuesPerToken() * options().computeType().bytes();
    }

    /** A runner's pool in which all of the traffic's prompts stay while others come and go. */
    long poolBytes() {
        int traffic = trafficPrompts() * (trafficTokens() + chunkTokens());
        return Math.max(1L << 20, (traffic + longest() + 2L * decodeTokens() + 16 * chunkTokens()) * kvBytesPerToken());
    }

    /** A node's memory: what two rounds leave in it. */
    long regionBytes() {
        return Math.max(256L << 20, 2 * poolBytes());
    }

    /** Most tokens of a request that is watched while others come and go; it is cancelled long before. */
    int decodeTokens() {
        return Math.min(quick ? 512 : 2048, config.contextTokens() / 2);
    }

    int decodePromptTokens() {
        return Math.min(256, config.contextTokens() / 4);
    }

    /** For how long decoding is watched when nothing else ends that. */
    long watchMillis() {
        return quick ? 300 : 2000;
    }
}
