package dev.kvern.runner.tier;

import java.util.EnumMap;
import java.util.Map;

/**
 * Decides, per prompt, which of its missing chunks to fetch and which to compute, by what both have cost lately: whichever
 * way has all chunks there first.
 *
 * <p>The model is two lines. A fetch costs a latency and a time for each byte, of each tier its own; behind other fetches it
 * waits for their bytes. Computing a chunk costs more the further back it is, because its tokens attend to all before them:
 * the line over the chunk's position. So what a chain saves grows with its length, a fetch is worth it from some length on,
 * and if a chunk is worth fetching then so are those after it: ends of a tier's run are the only places to stop at.
 * Whether the cluster has the chunks is not asked first: the answer would take the round trip that a miss costs.
 *
 * <p>An estimate that says "compute" is never corrected by a fetch; so after some such decisions one fetch of a few chunks
 * is made all the same. If it was as slow as expected the next one comes after twice as many decisions. Decides by counts,
 * not by chance or time. Safe for use by several threads; guarded by this.
 */
public final class FetchPlanner {
    /** Fetches whose time must be known before estimates decide. */
    static final int LEARNING_FETCHES = 3;

    static final int EXPLORED_CHUNKS = 8;
    private static final int MAX_EXPLORE_AFTER = 64;
    private static final double NEWEST_SHARE = 0.15;
    private static final int MAX_BREAK_EVEN_CHUNKS = 1 << 14;

    /** An overlap takes compute from others: it must save this share of the time, and this much. */
    private static final double OVERLAP_SHARE = 0.25;

    private static final long OVERLAP_NANOS = 20_000_000;

    private final FetchPolicy policy;
    private final int chunkTokens;
    private final int chunkBytes;

    /** Nanoseconds over bytes. */
    private final MovingLine cluster = new MovingLine(NEWEST_SHARE);

    private final MovingLine host = new MovingLine(NEWEST_SHARE);

    /** Nanoseconds of a chunk over the position of its first token. */
    private final MovingLine compute = new MovingLine(NEWEST_SHARE);

    private final Map<FetchPlan.Kind, Long> decisions = new EnumMap<>(FetchPlan.Kind.class);
    private long bytesUnderWay;
    private int computedInARow;
    private int exploreAfter = 1;
    private boolean warm;
    private long estimatedNanos;
    private long actualNanos;

    public FetchPlanner(FetchPolicy policy, int chunkTokens, int chunkBytes) {
        this.policy = policy;
        this.chunkTokens = chunkTokens;
        this.chunkBytes = chunkBytes;
    }

    /**
     * Decides on the chunks that a prompt lacks. Whoever asks follows the plan and says how it {@link #ended}.
     *
     * @param position tokens before the first of them
     * @param chunks how many, at least one
     * @param inHost how many leading ones lie in host memory
     */
    public synchronized FetchPlan plan(int position, int chunks, int inHost) {
        FetchPlan plan = decide(position, chunks, Math.min(chunks, inHost));
        decisions.merge(plan.kind(), 1L, Long::sum);
        computedInARow = plan.chunks() == 0 ? computedInARow + 1 : 0;
        bytesUnderWay += clusterBytes(plan);
        return plan;
    }

    private FetchPlan decide(int position, int chunks, int inHost) {
        boolean known = compute.count() > 0 && (inHost == chunks || cluster.count() >= LEARNING_FETCHES);
        double all = computeNanos(position, chunks);
        if (policy == FetchPolicy.ALWAYS || !known) {
            double time = fetchNanos(chunks, inHost, bytesUnderWay);
            return new FetchPlan(FetchPlan.Kind.FETCH, chunks, inHost, known, (long) time, (long) all, (long) time);
        }
        int best = bestRun(position, chunks, inHost, bytesUnderWay);
        double fetched = fetchNanos(best, inHost, bytesUnderWay);
        double total = fetched + all - computeNanos(position, best);
        if (policy == FetchPolicy.OVERLAP) {
            int met = bestMeeting(position, chunks, inHost);
            double overlapped = Math.max(computeNanos(position, met), tailNanos(chunks - met));
            if (inHost == 0
                    && met > 0
                    && met < chunks
                    && total - overlapped > Math.max(OVERLAP_NANOS, OVERLAP_SHARE * total)) {
                return new FetchPlan(
                        FetchPlan.Kind.OVERLAP, chunks, 0, true, (long) overlapped, (long) all, (long) overlapped);
            }
        }
        if (best > 0) {
            return new FetchPlan(
                    FetchPlan.Kind.FETCH, best, Math.min(best, inHost), true, (long) total, (long) all, (long) fetched);
        }
        if (bestRun(position, chunks, inHost, 0) > 0) {
            return new FetchPlan(FetchPlan.Kind.COMPUTE_QUEUE, 0, 0, true, (long) all, (long) all, 0);
        }
        if (computedInARow >= exploreAfter) {
            int few = Math.min(chunks, EXPLORED_CHUNKS);
            double time = fetchNanos(few, inHost, bytesUnderWay);
            return new FetchPlan(
                    FetchPlan.Kind.EXPLORE,
                    few,
                    Math.min(few, inHost),
                    true,
                    (long) (time + all - computeNanos(position, few)),
                    (long) all,
                    (long) time);
        }
        return new FetchPlan(FetchPlan.Kind.COMPUTE, 0, 0, true, (long) all, (long) all, 0);
    }

    /** Leading chunks to fetch so that all are there first; of equally good runs the longest. */
    private int bestRun(int position, int chunks, int inHost, long bytesAhead) {
        double all = computeNanos(position, chunks);
        int best = 0;
        double least = all;
        double computedToo = 0;
        for (int run = 1; run <= chunks; run++) {
            computedToo += chunkNanos(position + (run - 1) * chunkTokens);
            double total = fetchNanos(run, inHost, bytesAhead) + all - computedToo;
            if (total <= least) {
                best = run;
                least = total;
            }
        }
        return best;
    }

    /** Leading chunks to compute while the others are fetched, so that both end together as nearly as can be. */
    private int bestMeeting(int position, int chunks, int inHost) {
        int met = inHost;
        double computed = computeNanos(position, met);
        while (met < chunks && computed < tailNanos(chunks - met)) {
            computed += chunkNanos(position + met * chunkTokens);
            met++;
        }
        return met;
    }

    private double tailNanos(int chunks) {
        // What is stored must be known first: one more round trip.
        return cluster.at(0) + cluster.at((double) chunks * chunkBytes + bytesUnderWay);
    }

    private double fetchNanos(int run, int inHost, long bytesAhead) {
        int copied = Math.min(run, inHost);
        double time = copied == 0 ? 0 : host.at((double) copied * chunkBytes);
        if (run > copied) {
            time += cluster.at((double) (run - copied) * chunkBytes + bytesAhead);
        }
        return time;
    }

    private double computeNanos(int position, int chunks) {
        double time = 0;
        for (int i = 0; i < chunks; i++) {
            time += chunkNanos(position + i * chunkTokens);
        }
        return time;
    }

    private double chunkNanos(int position) {
        return compute.at(position);
    }

    private long clusterBytes(FetchPlan plan) {
        return (long) (plan.chunks() - plan.hostChunks()) * chunkBytes;
    }

    /**
     * Learns what prefill costs.
     *
     * @param position of the first token
     * @param nanos how long those {@code tokens} took
     */
    public synchronized void computed(int position, int tokens, long nanos) {
        // A step of several chunks says what one costs in their middle. One that ends within a chunk computes all of
        // its
        // rows, or not: that says less.
        int chunks = tokens / chunkTokens;
        if (chunks > 0 && tokens % chunkTokens == 0) {
            compute.add(position + (chunks - 1) * chunkTokens / 2.0, (double) nanos / chunks);
        }
    }

    /**
     * Learns what a plan's fetch has come to; of each plan with {@code chunks > 0} once.
     *
     * @param hostNanos copying from host memory took
     * @param clusterNanos the cluster took
     */
    public synchronized void ended(FetchPlan plan, FetchOutcome outcome, long hostNanos, long clusterNanos) {
        bytesUnderWay -= clusterBytes(plan);
        if (plan.estimated() && outcome instanceof FetchOutcome.Hit) {
            estimatedNanos += plan.fetchNanos();
            actualNanos += hostNanos + clusterNanos;
        }
        if (outcome.hostChunks() > 0 && outcome.hostChunks() == plan.hostChunks()) {
            host.add((double) outcome.hostChunks() * chunkBytes, hostNanos);
        }
        if (plan.chunks() == outcome.hostChunks() || saysNothing(outcome)) {
            return;
        }
        double bytes = (double) outcome.clusterChunks() * chunkBytes;
        if (!warm) {
            // The first one connects and loads classes.
            warm = true;
            return;
        }
        if (plan.kind() == FetchPlan.Kind.EXPLORE) {
            if (2 * clusterNanos < cluster.at(bytes)) {
                cluster.clear();
            }
            long computeInstead = plan.computeNanos() - plan.estimatedNanos() + plan.fetchNanos();
            boolean worthIt = clusterNanos <= computeInstead * (double) outcome.chunks() / plan.chunks();
            exploreAfter = worthIt ? 1 : Math.min(MAX_EXPLORE_AFTER, 2 * exploreAfter);
        }
        cluster.add(bytes, clusterNanos);
    }

    private static boolean saysNothing(FetchOutcome outcome) {
        MissReason reason = outcome instanceof FetchOutcome.PartialHit hit
                ? hit.reason()
                : outcome instanceof FetchOutcome.Miss miss ? miss.reason() : MissReason.NOT_STORED;
        return reason == MissReason.CANCELLED || reason == MissReason.NO_NODES;
    }

    public synchronized FetchPlanStats stats() {
        return new FetchPlanStats(decisions, estimatedNanos, actualNanos, breakEvenTokens());
    }

    private long breakEvenTokens() {
        if (compute.count() == 0 || cluster.count() < LEARNING_FETCHES) {
            return 0;
        }
        double computed = 0;
        for (int chunks = 1; chunks <= MAX_BREAK_EVEN_CHUNKS; chunks++) {
            computed += chunkNanos((chunks - 1) * chunkTokens);
            if (cluster.at((double) chunks * chunkBytes) <= computed) {
                return (long) chunks * chunkTokens;
            }
        }
        return (long) MAX_BREAK_EVEN_CHUNKS * chunkTokens;
    }
}
