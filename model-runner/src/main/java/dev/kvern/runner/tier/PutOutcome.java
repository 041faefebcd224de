package dev.kvern.runner.tier;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What became of chunks to be stored. */
public sealed interface PutOutcome {
    /** All are stored now: {@code stored} of them new, {@code alreadyStored} were there. */
    record Stored(int stored, int alreadyStored) implements PutOutcome {}

    /**
     * As many as could be are stored; the tier has no room now for {@code rejected} of them, and nothing is wrong. Some of those may
     * be stored all the same: a node that refuses one says nothing of those before it.
     */
    record Rejected(int stored, int alreadyStored, int rejected) implements PutOutcome {}

    /**
     * Something is wrong: some are neither stored nor refused for want of room.
     *
     * @param reason of the last failure
     * @param left which of the chunks, by their places in the call, are not known to be stored
     */
    record Failed(MissReason reason, int stored, int alreadyStored, int rejected, Set<Integer> left)
            implements PutOutcome {
        public Failed {
            left = Set.copyOf(left);
        }

        /** None of that many chunks is known to be stored. */
        public static Failed ofAll(MissReason reason, int chunks) {
            return new Failed(
                    reason, 0, 0, 0, IntStream.range(0, chunks).boxed().collect(Collectors.toSet()));
        }
    }
}
