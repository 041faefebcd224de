package dev.kvern.coordinator.membership;

import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.KvEvent;
import dev.kvern.v1.PublishKvEventsRequest;
import dev.kvern.v1.PublishKvEventsResponse;
import io.grpc.stub.StreamObserver;
import java.util.function.Predicate;

/**
 * One runner's stream of KV events on its way into the index. A gap or a malformed event ends the stream: the runner opens
 * another, which begins with all that it holds. Confined to one thread at a time, by gRPC.
 */
final class KvEventStream implements StreamObserver<PublishKvEventsRequest> {
    private final PrefixIndex index;
    private final Predicate<String> isMember;
    private final Settling settling;
    private final StreamObserver<PublishKvEventsResponse> responses;
    private long next;
    private boolean ended;
    private String runner = "";

    /**
     * @param isMember whether a runner of this id is one now
     * @param settling told whether the index has all that a runner held when its stream began
     */
    KvEventStream(
            PrefixIndex index,
            Predicate<String> isMember,
            Settling settling,
            StreamObserver<PublishKvEventsResponse> responses) {
        this.index = index;
        this.isMember = isMember;
        this.settling = settling;
        this.responses = responses;
    }

    @Override
    public void onNext(PublishKvEventsRequest message) {
        if (ended) {
            return;
        }
        if (message.getSequence() != next) {
            end(KvernException.invalid("sequence", message.getSequence(), next + "; open a new stream"));
            return;
        }
        next++;
        runner = message.getRunnerId();
        try {
            for (KvEvent event : message.getEventsList()) {
                apply(event);
            }
        } catch (IllegalArgumentException e) {
            end(KvernException.invalid("events", String.valueOf(e.getMessage()), "digests and namespaces of 32 bytes"));
            return;
        }
        if (message.getReplayed()) {
            settling.replayed(runner);
        }
    }

    private void apply(KvEvent event) {
        switch (event.getEventCase()) {
            case STORED -> index.stored(runner, event.getStored());
            case REMOVED -> index.removed(runner, event.getRemoved());
            case CLEARED -> forget();
            case EVENT_NOT_SET -> throw new IllegalArgumentException("an event of no kind");
        }
    }

    private void end(KvernException failure) {
        ended = true;
        forgetIfGone();
        responses.onError(failure);
    }

    /** A runner that has left goes on with what it had begun, and says so: nobody else would forget that again. */
    private void forgetIfGone() {
        if (!isMember.test(runner)) {
            forget();
        }
    }

    private void forget() {
        settling.replaying(runner);
        index.clear(runner);
    }

    @Override
    public void onError(Throwable failure) {
        // What a member held it holds still; the next stream says so anew.
        forgetIfGone();
    }

    @Override
    public void onCompleted() {
        if (!ended) {
            forgetIfGone();
            responses.onNext(PublishKvEventsResponse.getDefaultInstance());
            responses.onCompleted();
        }
    }
}
