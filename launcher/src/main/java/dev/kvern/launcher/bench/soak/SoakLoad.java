package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.bench.soak.Tally.Ending;
import dev.kvern.process.ProcessNames;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.Failures;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.GenerationServiceGrpc;
import io.grpc.Channel;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Sends requests, so many at a time. Confined to a thread; what comes back is tallied on gRPC's. */
final class SoakLoad implements AutoCloseable {
    private static final long LONGEST_CALL_SECONDS = 1_200;
    private static final long LONGEST_PAUSE_MILLIS = 5_000;

    private final GenerationServiceGrpc.GenerationServiceStub stub;
    private final Tally tally;
    private final Semaphore places = new Semaphore(SoakSettings.IN_FLIGHT);
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(ProcessNames.daemonThreads("kvern-soak-readers"));

    /** @param channel to the coordinator */
    SoakLoad(Channel channel, Tally tally) {
        this.stub = GenerationServiceGrpc.newStub(channel);
        this.tally = tally;
    }

    /** Sends a request as soon as there is a place for it; one that full runners refuse is sent again when they say. */
    void send(SoakRequest request) throws InterruptedException {
        take(1);
        begin(request);
    }

    private void begin(SoakRequest request) {
        var call = new SoakCall(request, timer, this::ended);
        stub.withDeadlineAfter(request.deadlineMillis(), TimeUnit.MILLISECONDS).generate(request.request(), call);
        call.begun();
    }

    private void ended(SoakCall call) {
        if (tally.add(call) == Ending.FULL) {
            timer.schedule(() -> begin(call.request()), pauseMillis(call), TimeUnit.MILLISECONDS);
        } else {
            places.release();
        }
    }

    private static long pauseMillis(SoakCall refused) {
        String told = refused.trailers().get(Failures.RETRY_AFTER_MILLIS);
        return told == null ? LONGEST_PAUSE_MILLIS : Math.min(LONGEST_PAUSE_MILLIS, Long.parseLong(told));
    }

    /** Waits until nothing is under way. */
    void drain() throws InterruptedException {
        take(SoakSettings.IN_FLIGHT);
        places.release(SoakSettings.IN_FLIGHT);
    }

    private void take(int count) throws InterruptedException {
        if (!places.tryAcquire(count, LONGEST_CALL_SECONDS, TimeUnit.SECONDS)) {
            throw new KvernException(
                    ErrorReason.INTERNAL,
                    "calls under way: one of " + (SoakSettings.IN_FLIGHT - places.availablePermits())
                            + " has not ended for " + LONGEST_CALL_SECONDS
                            + " s (expected: none, all have deadlines of their own)");
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
