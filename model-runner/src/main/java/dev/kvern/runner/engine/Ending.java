package dev.kvern.runner.engine;

/** Why a generation is complete. */
public enum Ending {
    /** The stream said that its last token ends it. */
    STOP,
    /** As many tokens as were asked for, or as fit. */
    LENGTH
}
