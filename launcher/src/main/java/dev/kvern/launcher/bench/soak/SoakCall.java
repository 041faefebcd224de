package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.bench.soak.SoakRequest.Course;
import dev.kvern.launcher.bench.soak.SoakRequest.Reading;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A request under way, read and cancelled as it says. Called by one thread after the other, as gRPC does. */
final class SoakCall implements ClientResponseObserver<GenerateRequest, GenerateResponse> {
    private static final long SLOW_READER_MILLIS = 8;
    private static final long LATE_READER_MILLIS = 250;

    private final SoakRequest request;
    private final ScheduledExecutorService timer;
    private final Consumer<SoakCall> whenEnded;
    private final List<Integer> tokens = new ArrayList<>();
    private @Nullable ClientCallStreamObserver<GenerateRequest> call;
    private int responses;
    private Status status = Status.UNKNOWN;
    private Metadata trailers = new Metadata();

    /**
     * @param timer for the pauses of readers
     * @param whenEnded called once, on gRPC's thread
     */
    SoakCall(SoakRequest request, ScheduledExecutorService timer, Consumer<SoakCall> whenEnded) {
        this.request = request;
        this.timer = timer;
        this.whenEnded = whenEnded;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerateRequest> started) {
        call = started;
        if (request.reading() == Reading.SLOW) {
            started.disableAutoRequestWithInitial(1);
        } else if (request.reading() == Reading.LATE) {
            started.disableAutoRequestWithInitial(0);
            later(LATE_READER_MILLIS, () -> started.request(Integer.MAX_VALUE));
        }
    }

    /** To be called once the call has begun. */
    void begun() {
        if (request.course() == Course.CANCELLED && request.cancelAfter() == 0) {
            cancel();
        }
    }

    @Override
    public void onNext(GenerateResponse response) {
        tokens.addAll(response.getTokenIdsList());
        responses++;
        if (request.course() == Course.CANCELLED && responses == request.cancelAfter()) {
            cancel();
        } else if (request.reading() == Reading.SLOW) {
            later(SLOW_READER_MILLIS, this::more);
        }
    }

    private void more() {
        if (call != null) {
            call.request(1);
        }
    }

    private void cancel() {
        if (call != null) {
            call.cancel("as the soak wants it", null);
        }
    }

    private void later(long millis, Runnable action) {
        try {
            timer.schedule(action, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // The soak is over.
        }
    }

    @Override
    public void onError(Throwable failure) {
        status = Status.fromThrowable(failure);
        Metadata came = Status.trailersFromThrowable(failure);
        trailers = came == null ? trailers : came;
        whenEnded.accept(this);
    }

    @Override
    public void onCompleted() {
        status = Status.OK;
        whenEnded.accept(this);
    }

    SoakRequest request() {
        return request;
    }

    /** What came of the answer. */
    List<Integer> tokens() {
        return List.copyOf(tokens);
    }

    /** What came with a failure. */
    Metadata trailers() {
        return trailers;
    }

    /** How it ended. */
    Status status() {
        return status;
    }
}
