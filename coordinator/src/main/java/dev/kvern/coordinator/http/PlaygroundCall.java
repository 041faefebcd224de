package dev.kvern.coordinator.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.PromptProgress;
import dev.kvern.v1.Usage;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.vertx.core.http.HttpServerResponse;
import org.jspecify.annotations.Nullable;

/**
 * One prompt from a page: passes on what comes as fast as the page takes it, and ends with the page. Safe for use by several
 * threads; guarded by this.
 */
final class PlaygroundCall implements ClientResponseObserver<GenerateRequest, GenerateResponse> {
    private final HttpServerResponse page;
    private final Runnable onEnd;
    private @Nullable ClientCallStreamObserver<GenerateRequest> call;

    /** The next response was not asked for, because the page takes none. */
    private boolean owed;

    private boolean ended;

    PlaygroundCall(HttpServerResponse page, Runnable onEnd) {
        this.page = page;
        this.onEnd = onEnd;
    }

    @Override
    public synchronized void beforeStart(ClientCallStreamObserver<GenerateRequest> started) {
        call = started;
        started.disableAutoRequestWithInitial(1);
        EventStream.begin(page);
        page.drainHandler(drained -> drained());
        page.closeHandler(closed -> left());
        page.exceptionHandler(failure -> left());
    }

    private synchronized void left() {
        if (end() && call != null) {
            call.cancel("the page was left", null);
        }
    }

    /** False if it had ended before. */
    private boolean end() {
        if (ended) {
            return false;
        }
        ended = true;
        onEnd.run();
        return true;
    }

    @Override
    public synchronized void onNext(GenerateResponse response) {
        if (ended) {
            return;
        }
        ObjectNode event = JsonText.object();
        event.put("request_id", response.getRequestId());
        if (!response.getRunnerId().isEmpty()) {
            event.put("runner", response.getRunnerId());
        }
        if (response.hasProgress()) {
            PromptProgress progress = response.getProgress();
            event.put("prompt_tokens", progress.getPromptTokens());
            event.set("spans", RequestJson.spans(progress.getSpansList()));
            send("progress", event);
        } else {
            event.put("text", response.getTextDelta());
            event.put("tokens", response.getTokenIdsCount());
            send("token", event);
        }
        if (response.hasUsage()) {
            send("end", ending(response));
        }
        owed = true;
        more();
    }

    private static ObjectNode ending(GenerateResponse response) {
        Usage usage = response.getUsage();
        ObjectNode event = JsonText.object();
        event.put("request_id", response.getRequestId());
        event.put("finish_reason", response.getFinishReason() == FinishReason.FINISH_REASON_LENGTH ? "length" : "stop");
        event.setAll(MemberJson.fields(usage));
        event.set("spans", RequestJson.spans(usage.getSpansList()));
        return event;
    }

    private synchronized void drained() {
        if (!ended) {
            more();
        }
    }

    /** Asks for the next response, once, when the page takes it. */
    private void more() {
        if (owed && call != null && !page.writeQueueFull()) {
            owed = false;
            call.request(1);
        }
    }

    private void send(String name, ObjectNode event) {
        page.write(EventStream.event(name, JsonText.of(event)));
    }

    @Override
    public synchronized void onError(Throwable failure) {
        if (end()) {
            Status status = Status.fromThrowable(failure);
            send("failed", JsonText.object().put("error", status.getCode() + ": " + status.getDescription()));
            page.end();
        }
    }

    @Override
    public synchronized void onCompleted() {
        if (end()) {
            page.end();
        }
    }
}
