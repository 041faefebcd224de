package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.SamplingParameters;
import java.util.OptionalInt;

/**
 * How tokens are chosen and when that ends: the fields that both kinds of completion have. Ranges are the runner's to check, whose
 * messages name the same fields.
 */
final class SamplingFields {
    private SamplingFields() {}

    static void read(RequestFields fields, GenerateRequest.Builder request) {
        SamplingParameters.Builder sampling = request.getSamplingBuilder();
        fields.number("temperature").ifPresent(sampling::setTemperature);
        fields.number("top_p").ifPresent(sampling::setTopP);
        fields.number("min_p").ifPresent(sampling::setMinP);
        fields.number("repetition_penalty").ifPresent(sampling::setRepetitionPenalty);
        fields.number("presence_penalty").ifPresent(sampling::setPresencePenalty);
        fields.number("frequency_penalty").ifPresent(sampling::setFrequencyPenalty);
        // vLLM's clients say -1 for all.
        fields.whole("top_k", -1, Integer.MAX_VALUE).ifPresent(k -> sampling.setTopK(Math.max(0, k)));
        fields.wholeLong("seed").ifPresent(sampling::setSeed);
        maxTokens(fields).ifPresent(request::setMaxTokens);
        fields.value("stop").ifPresent(stop -> stops(stop, request));
        request.addAllStopTokenIds(fields.wholes("stop_token_ids"));
        request.setIgnoreEos(fields.flag("ignore_eos"));
        fields.whole("priority", -100, 100).ifPresent(request::setPriority);
    }

    /** The newer name wins. */
    private static OptionalInt maxTokens(RequestFields fields) {
        OptionalInt newer = fields.whole("max_completion_tokens", 1, Integer.MAX_VALUE);
        return newer.isPresent() ? newer : fields.whole("max_tokens", 1, Integer.MAX_VALUE);
    }

    private static void stops(JsonNode stop, GenerateRequest.Builder request) {
        if (stop.isTextual()) {
            request.addStop(stop.textValue());
            return;
        }
        if (!stop.isArray()) {
            throw ApiError.invalid("stop", stop, "a text or a list of texts").toException();
        }
        for (JsonNode each : stop) {
            if (!each.isTextual()) {
                throw ApiError.invalid("stop", each, "a text").toException();
            }
            request.addStop(each.textValue());
        }
    }
}
