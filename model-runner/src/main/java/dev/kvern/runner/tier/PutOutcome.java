package dev.kvern.runner.tier;

/** What became of chunks to be stored. */
public sealed interface PutOutcome {
    /** All are stored now: {@code stored} of them new, {@code alreadyStored} were there. */
    record Stored(int stored, int alreadyStored) implements PutOutcome {}

    /**
     * As many as could be are stored; the tier has no room now for {@code rejected} of them, and nothing is wrong. Some of those may
     * be stored all the same: a node that refuses one says nothing of those before it.
     */
    record Rejected(int stored, int alreadyStored, int rejected) implements PutOutcome {}

    /** Not all of them are stored. */
    record Failed(MissReason reason) implements PutOutcome {}
}
