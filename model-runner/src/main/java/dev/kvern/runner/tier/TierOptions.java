package dev.kvern.runner.tier;

/**
 * Limits towards the tier.
 *
 * @param fetchTimeoutMillis for a whole fetch, further nodes included
 * @param matchTimeoutMillis for a whole look-up, further nodes included
 * @param putTimeoutMillis for storing one batch at one node, which may stand still for half of it
 * @param messageBytes largest piece of a chunk in one message
 * @param sickAfterFailures failures in a row after which a node is left alone
 * @param sickMillis for how long; then one call probes it
 */
public record TierOptions(
        int fetchTimeoutMillis,
        int matchTimeoutMillis,
        int putTimeoutMillis,
        int messageBytes,
        int sickAfterFailures,
        int sickMillis) {
    /** What the runner's defaults say. */
    public static final TierOptions DEFAULTS = new TierOptions(2_000, 500, 10_000, 256 << 10, 2, 2_000);
}
