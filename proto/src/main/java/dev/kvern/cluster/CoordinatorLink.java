package dev.kvern.cluster;

import java.util.concurrent.CompletableFuture;

/** What a process has with one coordinator. Safe for use by several threads. */
public interface CoordinatorLink extends AutoCloseable {
    /** Begins; returns at once. */
    void start();

    /** Whether the coordinator has answered the last time that it was asked something. */
    boolean isInContact();

    /**
     * Says from now on that no new work is wanted, beginning with a heartbeat of its own.
     *
     * @return done once the coordinator has heard it, or cannot
     */
    CompletableFuture<Void> draining();

    /** Leaves; waits a moment for the coordinator to hear it. */
    @Override
    void close();
}
