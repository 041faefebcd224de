package dev.kvern.launcher.bench;

import dev.kvern.runner.model.ModelConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What {@code bench reuse} measures, and with what.
 *
 * @param threads of each runner
 * @param rounds after a warm-up
 * @param quick short prefixes
 */
record ReuseSettings(
        Path model, ModelConfig config, String device, String type, int threads, int rounds, boolean quick) {
    static final int BLOCK_TOKENS = 16;
    static final int CHUNK_TOKENS = 64;

    /** What follows a prefix in a prompt: nobody's, always computed. */
    static final int TAIL_TOKENS = 16;

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
        int limit = Math.min(quick ? SHORT_TOKENS : 8192, config.contextTokens() - 2 * TAIL_TOKENS);
        return IntStream.iterate(CHUNK_TOKENS, length -> length <= limit, length -> 2 * length)
                .boxed()
                .toList();
    }

    int longest() {
        return lengths().stream().mapToInt(Integer::intValue).max().orElse(CHUNK_TOKENS);
    }

    /** Whether computing a prefix of such a length is also timed with the tier left alone. */
    boolean breakEvenCandidate(int length) {
        return length <= SHORT_TOKENS;
    }

    /** Bytes of a token's keys and values in the widest type. */
    long kvBytesPerToken() {
        return 2L * config.layers() * config.kvHeads() * config.headDim() * Float.BYTES;
    }

    /** A runner's pool in which all of the traffic's prompts stay while others come and go. */
    long poolBytes() {
        int traffic = trafficPrompts() * (trafficTokens() + CHUNK_TOKENS);
        return Math.max(1L << 20, (traffic + longest() + 2L * decodeTokens() + 16 * CHUNK_TOKENS) * kvBytesPerToken());
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
