package dev.kvern.runner.tier;

/** How much of a chain a fetch brought. */
public sealed interface FetchOutcome {
    /** Leading chunks that reached the sink. */
    int chunks();

    /** How many of those, from the first on, came from this machine's memory; the rest came from the cluster. */
    int hostChunks();

    default int clusterChunks() {
        return chunks() - hostChunks();
    }

    /** Whether it ended at a chunk that the tier does not have. */
    default boolean endedAtAHole() {
        return (this instanceof PartialHit hit && hit.reason == MissReason.NOT_STORED)
                || (this instanceof Miss miss && miss.reason == MissReason.NOT_STORED);
    }

    /** All that were asked for. */
    record Hit(int chunks, int hostChunks) implements FetchOutcome {
        public Hit(int chunks) {
            this(chunks, 0);
        }
    }

    /** Some, at least one; {@code reason} ended it. */
    record PartialHit(int chunks, MissReason reason, int hostChunks) implements FetchOutcome {
        public PartialHit(int chunks, MissReason reason) {
            this(chunks, reason, 0);
        }
    }

    /** None. */
    record Miss(MissReason reason) implements FetchOutcome {
        @Override
        public int chunks() {
            return 0;
        }

        @Override
        public int hostChunks() {
            return 0;
        }
    }

    static FetchOutcome of(int chunks, MissReason reason) {
        return chunks == 0 ? new Miss(reason) : new PartialHit(chunks, reason);
    }

    /** The same after {@code host} chunks that had come from this machine's memory. */
    default FetchOutcome after(int host) {
        if (host == 0) {
            return this;
        }
        if (this instanceof Hit hit) {
            return new Hit(host + hit.chunks, host);
        }
        MissReason reason = this instanceof PartialHit hit ? hit.reason : ((Miss) this).reason;
        return new PartialHit(host + chunks(), reason, host);
    }
}
