package dev.kvern.coordinator.membership;

import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.KvEvent;
import dev.kvern.v1.PublishKvEventsRequest;
import dev.kvern.v1.PublishKvEventsResponse;
import io.grpc.stub.StreamObserver;

/**
 * One runner's stream of KV events on its way into the index. A gap or a malformed event ends the stream: the runner opens
 * another, which begins with all that it holds. Confined to one thread at a time, by gRPC.
 */
final class KvEventStream implements StreamObserver<PublishKvEventsRequest> {
    private final PrefixIndex index;
    private final StreamObserver<PublishKvEventsResponse> responses;
    private long next;
    private boolean ended;

    KvEventStream(PrefixIndex index, StreamObserver<PublishKvEventsResponse> responses) {
        this.index = index;
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
        try {
            for (KvEvent event : message.getEventsList()) {
                apply(message.getRunnerId(), event);
            }
        } catch (IllegalArgumentException e) {
            end(KvernException.invalid("events", String.valueOf(e.getMessage()), "digests and namespaces of 32 bytes"));
        }
    }

    private void apply(String runner, KvEvent event) {
        switch (event.getEventCase()) {
            case STORED -> index.stored(runner, event.getStored());
            case REMOVED -> index.removed(runner, event.getRemoved());
            case CLEARED -> index.clear(runner);
            case EVENT_NOT_SET -> throw new IllegalArgumentException("an event of no kind");
        }
    }

    private void end(KvernException failure) {
        ended = true;
        responses.onError(failure);
    }

    @Override
    public void onError(Throwable failure) {
        // What the runner held it holds still; the next stream says so anew.
    }

    @Override
    public void onCompleted() {
        if (!ended) {
            responses.onNext(PublishKvEventsResponse.getDefaultInstance());
            responses.onCompleted();
        }
    }
}
