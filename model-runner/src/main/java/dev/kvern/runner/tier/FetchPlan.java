package dev.kvern.runner.tier;

/**
 * How a prompt's missing chunks are to come about.
 *
 * @param chunks leading chunks to fetch, the rest is computed; with {@link Kind#OVERLAP} all are asked for, from the last on
 * @param hostChunks how many of those lay in host memory when this was decided
 * @param estimated whether both times are known; if not it was decided to find out
 * @param estimatedNanos until all missing chunks are there, this way
 * @param computeNanos the same by computing all of them
 * @param fetchNanos of the estimate, the part until the fetch ends
 */
public record FetchPlan(
        Kind kind,
        int chunks,
        int hostChunks,
        boolean estimated,
        long estimatedNanos,
        long computeNanos,
        long fetchNanos) {
    /** What was decided. */
    public enum Kind {
        /** Fetch a leading run, compute what is left. */
        FETCH,
        /** Compute: it is faster. */
        COMPUTE,
        /** Compute: it is faster than waiting behind the fetches under way. */
        COMPUTE_QUEUE,
        /** Fetch although computing seems to be faster, because that estimate may be out of date. */
        EXPLORE,
        /** Compute from the front while the tail is fetched. */
        OVERLAP
    }
}
