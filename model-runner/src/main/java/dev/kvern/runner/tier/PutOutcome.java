package dev.kvern.runner.tier;

/** What became of chunks to be stored. */
public sealed interface PutOutcome {
    /** All are stored now: {@code stored} of them new, {@code alreadyStored} were there. */
    record Stored(int stored, int alreadyStored) implements PutOutcome {}

    /** Not all of them are stored. */
    record Failed(MissReason reason) implements PutOutcome {}
}
