package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.TokenLogprobs;
import java.util.ArrayList;
import java.util.List;

/** An answer in one piece. Confined to the request's event loop. */
final class WholeAnswer implements Answer {
    private final ApiResponse response;
    private final Envelope envelope;
    private final boolean logprobs;
    private final OpenRequests.Place place;
    private final List<Text> choices = new ArrayList<>();

    /** What a choice has said. */
    private static final class Text {
        final StringBuilder text = new StringBuilder();
        final List<TokenLogprobs> logprobs = new ArrayList<>();
        FinishReason reason = FinishReason.FINISH_REASON_UNSPECIFIED;
    }

    /**
     * @param logprobs whether they were asked for
     * @param place what is kept until the end is counted there
     */
    WholeAnswer(ApiResponse response, Envelope envelope, int choices, boolean logprobs, OpenRequests.Place place) {
        this.response = response;
        this.envelope = envelope;
        this.logprobs = logprobs;
        this.place = place;
        for (int i = 0; i < choices; i++) {
            this.choices.add(new Text());
        }
    }

    @Override
    public boolean part(int choice, GenerateResponse part) {
        if (!place.grow(part.getSerializedSize())) {
            return false;
        }
        Text text = choices.get(choice);
        text.text.append(part.getTextDelta());
        text.logprobs.addAll(part.getLogprobsList());
        text.reason = part.getFinishReason();
        return true;
    }

    @Override
    public boolean isFull() {
        return false;
    }

    @Override
    public void end(ObjectNode usage) {
        var all = new ArrayList<ObjectNode>();
        for (int i = 0; i < choices.size(); i++) {
            Text choice = choices.get(i);
            all.add(envelope.format()
                    .whole(
                            i,
                            choice.text.toString(),
                            logprobs ? envelope.format().logprobs(choice.logprobs, 0) : null,
                            Answer.name(choice.reason)));
        }
        response.json(200, envelope.whole(all, usage));
    }

    @Override
    public void fail(ApiError error) {
        response.fail(error);
    }
}
