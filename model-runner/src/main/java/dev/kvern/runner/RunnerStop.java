package dev.kvern.runner;

import dev.kvern.rpc.GrpcServer;
import dev.kvern.runner.engine.Engine;
import dev.kvern.runner.engine.EngineLoad;
import dev.kvern.runner.tier.Offloader;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a runner ends when it is told to. The coordinators hear first that it wants no new work, and it stays a member until its last
 * answer is out, so that nobody takes it for lost and what it counts is heard. A request that is on its way to it meanwhile is
 * refused before it is answered, which makes the coordinator send it to another runner. Immutable.
 *
 * @param sayDraining tells the coordinators that no new work is wanted; done once they have heard it
 * @param leave ends the membership, with a last heartbeat
 */
record RunnerStop(
        GrpcServer server,
        Engine engine,
        Offloader offloader,
        Supplier<CompletableFuture<Void>> sayDraining,
        Runnable leave) {
    private static final Logger log = LoggerFactory.getLogger(RunnerStop.class);

    /** For calls that are ended to hear why, and for connections to close. */
    private static final long LAST_WORDS_MILLIS = 1_000;

    /** For the coordinators to hear that no new work is wanted: until then it is taken. */
    private static final long NOTICE_MILLIS = 500;

    /**
     * Blocks until nobody is served any more.
     *
     * @param graceMillis for requests to end and for what waits to be stored, together
     */
    void run(long graceMillis) {
        long deadline = System.nanoTime() + Duration.ofMillis(graceMillis).toNanos();
        awaitNotice(Math.min(NOTICE_MILLIS, graceMillis));
        engine.drain();
        server.serving(false);
        try {
            boolean done = engine.awaitIdle(left(deadline));
            boolean stored = done && offloader.awaitIdle(left(deadline));
            if (!stored) {
                EngineLoad load = engine.load();
                log.warn(
                        "after {} ms {} requests are ended and {} bytes dropped that waited to be stored",
                        graceMillis,
                        load.running() + load.queued(),
                        offloader.stats().pendingBytes());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        engine.close();
        offloader.close();
        // A slow reader may still be taking the end of its answer.
        server.stop(Math.max(LAST_WORDS_MILLIS, left(deadline).toMillis()));
        leave.run();
    }

    private void awaitNotice(long limitMillis) {
        try {
            sayDraining.get().get(limitMillis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            log.debug("not all coordinators have heard that this runner stops");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Duration left(long deadline) {
        return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
    }
}
