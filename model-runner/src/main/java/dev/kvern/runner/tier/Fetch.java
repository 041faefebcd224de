package dev.kvern.runner.tier;

import java.util.concurrent.CompletableFuture;

/** A fetch under way. */
public interface Fetch {
    /** One that has ended before it began. */
    static Fetch missed(MissReason reason) {
        return new Fetch() {
            @Override
            public CompletableFuture<FetchOutcome> outcome() {
                return CompletableFuture.completedFuture(new FetchOutcome.Miss(reason));
            }

            @Override
            public void cancel() {}
        };
    }

    /** Completes by the fetch's deadline, never exceptionally. */
    CompletableFuture<FetchOutcome> outcome();

    /** Ends it now. When this returns the sink is not being called and never will be. */
    void cancel();
}
