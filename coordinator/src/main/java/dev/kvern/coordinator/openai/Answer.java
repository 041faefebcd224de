package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateResponse;

/** Writes a request's answer as its choices come. Implementations are confined to the request's event loop. */
interface Answer {
    /** Takes a choice's next response. Whether there was room for it. */
    boolean part(int choice, GenerateResponse response);

    /** Whether the client is to take what there is before more is wanted. */
    boolean isFull();

    /** All choices are complete. */
    void end(ObjectNode usage);

    /** Ends with an error. */
    void fail(ApiError error);

    static String name(FinishReason reason) {
        return reason == FinishReason.FINISH_REASON_LENGTH ? "length" : "stop";
    }
}
