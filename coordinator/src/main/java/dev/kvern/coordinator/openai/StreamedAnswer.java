package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateResponse;
import java.util.BitSet;
import java.util.List;

/**
 * An answer as server-sent events. What fails before the first token is an error with its own HTTP status; later it is an event, and
 * the stream ends without {@code [DONE]}. Confined to the request's event loop.
 */
final class StreamedAnswer implements Answer {
    private final ApiResponse response;
    private final Envelope envelope;
    private final boolean includeUsage;
    private final BitSet opened = new BitSet();

    /** Code points of each choice's tokens so far. */
    private final int[] offsets;

    StreamedAnswer(ApiResponse response, Envelope envelope, int choices, boolean includeUsage) {
        this.response = response;
        this.envelope = envelope;
        this.includeUsage = includeUsage;
        this.offsets = new int[choices];
    }

    @Override
    public boolean part(int choice, GenerateResponse part) {
        AnswerFormat format = envelope.format();
        if (!opened.get(choice)) {
            opened.set(choice);
            format.opening(choice).ifPresent(this::send);
        }
        if (part.getLogprobsCount() > 0) {
            send(format.part(choice, part.getTextDelta(), format.logprobs(part.getLogprobsList(), offsets[choice])));
            offsets[choice] += Logprobs.length(part.getLogprobsList());
        } else if (!part.getTextDelta().isEmpty()) {
            send(format.part(choice, part.getTextDelta(), null));
        }
        if (part.getFinishReason() != FinishReason.FINISH_REASON_UNSPECIFIED) {
            send(format.end(choice, Answer.name(part.getFinishReason())));
        }
        return true;
    }

    private void send(ObjectNode choice) {
        ObjectNode chunk = envelope.chunk(List.of(choice));
        if (includeUsage) {
            chunk.putNull("usage");
        }
        response.event(chunk.toString());
    }

    @Override
    public boolean isFull() {
        return response.isFull();
    }

    @Override
    public void end(ObjectNode usage) {
        if (includeUsage) {
            ObjectNode last = envelope.chunk(List.of());
            last.set("usage", usage);
            response.event(last.toString());
        }
        response.event("[DONE]");
        response.end();
    }

    @Override
    public void fail(ApiError error) {
        response.fail(error);
    }
}
