package dev.kvern.runner.tier;

import java.util.concurrent.CompletableFuture;

/** A fetch under way. */
public interface Fetch {
    /** Completes by the fetch's deadline, never exceptionally. */
    CompletableFuture<FetchOutcome> outcome();

    /** Ends it now. When this returns the sink is not being called and never will be. */
    void cancel();
}
