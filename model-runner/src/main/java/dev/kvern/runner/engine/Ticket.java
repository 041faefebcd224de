package dev.kvern.runner.engine;

/** A request that was accepted. */
@FunctionalInterface
public interface Ticket {
    /** Ends the request before its next step; without effect on one that has ended. From any thread. */
    void cancel();
}
