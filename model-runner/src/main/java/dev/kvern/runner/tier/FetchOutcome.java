package dev.kvern.runner.tier;

/** How much of a chain a fetch brought. */
public sealed interface FetchOutcome {
    /** Leading chunks that reached the sink. */
    int chunks();

    /** Whether it ended at a chunk that the tier does not have. */
    default boolean endedAtAHole() {
        return (this instanceof PartialHit hit && hit.reason == MissReason.NOT_STORED)
                || (this instanceof Miss miss && miss.reason == MissReason.NOT_STORED);
    }

    /** All that were asked for. */
    record Hit(int chunks) implements FetchOutcome {}

    /** Some, at least one; {@code reason} ended it. */
    record PartialHit(int chunks, MissReason reason) implements FetchOutcome {}

    /** None. */
    record Miss(MissReason reason) implements FetchOutcome {
        @Override
        public int chunks() {
            return 0;
        }
    }

    static FetchOutcome of(int chunks, MissReason reason) {
        return chunks == 0 ? new Miss(reason) : new PartialHit(chunks, reason);
    }
}
