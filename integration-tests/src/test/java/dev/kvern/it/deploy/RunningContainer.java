package dev.kvern.it.deploy;

import java.util.concurrent.CompletableFuture;

/** A container that was started. Safe for use by several threads. */
interface RunningContainer {
    /** Its exit code, once it has ended; 128 and the signal's number if one ended it. */
    CompletableFuture<Integer> exit();

    /**
     * Signals its first process; does nothing if it has ended.
     *
     * @param signal such as TERM
     */
    void signal(String signal);

    /** Removes what is left of it, once it has ended. */
    void remove();
}
