package dev.kvern.runner.server;

import dev.kvern.rpc.KvernException;
import dev.kvern.runner.sampling.SamplingOptions;
import dev.kvern.v1.GenerateRequest;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * What a request asks for beside its prompt, checked.
 *
 * @param stopTokens tokens that end the completion
 * @param logprobs how many alternatives to return with each token; empty for no log probabilities at all
 */
record GenerationOptions(
        SamplingOptions sampling,
        OptionalInt maxTokens,
        List<String> stop,
        Set<Integer> stopTokens,
        OptionalInt logprobs) {
    private static final int MAX_STOPS = 16;
    private static final int MAX_STOP_TOKENS = 1_024;
    private static final int MAX_LOGPROBS = 20;

    GenerationOptions {
        stop = List.copyOf(stop);
        stopTokens = Set.copyOf(stopTokens);
    }

    /** @throws KvernException INVALID_ARGUMENT naming the first field that is out of range */
    static GenerationOptions of(GenerateRequest request, ServedModel model, LongSupplier freshSeed) {
        if (request.hasMaxTokens() && request.getMaxTokens() < 1) {
            throw KvernException.invalid(
                    "max_tokens",
                    request.getMaxTokens(),
                    "1 to " + (model.spec().contextTokens() - 1));
        }
        if (request.getStopCount() > MAX_STOPS) {
            throw KvernException.invalid("stop", request.getStopCount() + " texts", "at most " + MAX_STOPS);
        }
        for (int i = 0; i < request.getStopCount(); i++) {
            if (request.getStop(i).isEmpty()) {
                throw KvernException.invalid("stop[" + i + "]", "''", "at least 1 character");
            }
        }
        if (request.hasLogprobs() && (request.getLogprobs() < 0 || request.getLogprobs() > MAX_LOGPROBS)) {
            throw KvernException.invalid(
                    "logprobs", Integer.toUnsignedString(request.getLogprobs()), "0 to " + MAX_LOGPROBS);
        }
        return new GenerationOptions(
                SamplingOptions.of(request.getSampling(), model.defaults(), freshSeed),
                request.hasMaxTokens() ? OptionalInt.of(request.getMaxTokens()) : OptionalInt.empty(),
                request.getStopList(),
                stopTokens(request, model),
                request.hasLogprobs() ? OptionalInt.of(request.getLogprobs()) : OptionalInt.empty());
    }

    private static Set<Integer> stopTokens(GenerateRequest request, ServedModel model) {
        if (request.getStopTokenIdsCount() > MAX_STOP_TOKENS) {
            throw KvernException.invalid(
                    "stop_token_ids", request.getStopTokenIdsCount() + " ids", "at most " + MAX_STOP_TOKENS);
        }
        var tokens = new HashSet<Integer>();
        if (!request.getIgnoreEos()) {
            tokens.addAll(model.defaults().eosTokenIds());
        }
        int size = model.spec().vocabularySize();
        for (int id : request.getStopTokenIdsList()) {
            if (id < 0 || id >= size) {
                throw KvernException.invalid(
                        "stop_token_ids", Integer.toUnsignedString(id), "ids from 0 to " + (size - 1));
            }
            tokens.add(id);
        }
        return tokens;
    }
}
