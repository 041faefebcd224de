package dev.kvern.runner.sampling;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.SamplingParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What generation_config.json says where a request says nothing, and the tokens that end a completion. {@code do_sample:
 * false} means greedy; without that key the temperature is the file's, or 1.
 *
 * @param eosTokenIds tokens that end a completion
 */
public record GenerationDefaults(
        float temperature, int topK, float topP, float minP, float repetitionPenalty, Set<Integer> eosTokenIds) {
    public GenerationDefaults {
        eosTokenIds = Set.copyOf(eosTokenIds);
    }

    /** The proto's defaults, and no end tokens. */
    public static GenerationDefaults none() {
        return new GenerationDefaults(1, 0, 1, 0, 1, Set.of());
    }

    /**
     * Reads the directory's generation_config.json if there is one; end tokens also from config.json.
     *
     * @throws KvernException MISCONFIGURED if a file is no JSON, or a key has the wrong type or is out of range
     */
    public static GenerationDefaults load(Path modelDirectory) {
        Path file = modelDirectory.resolve("generation_config.json");
        JsonNode generation = read(file);
        JsonNode eos = generation.hasNonNull("eos_token_id")
                ? generation.get("eos_token_id")
                : read(modelDirectory.resolve("config.json")).path("eos_token_id");
        boolean greedy = !flag(file, generation, "do_sample", true);
        var defaults = new GenerationDefaults(
                greedy ? 0 : number(file, generation, "temperature", 1),
                greedy ? 0 : topK(file, generation),
                greedy ? 1 : number(file, generation, "top_p", 1),
                greedy ? 0 : number(file, generation, "min_p", 0),
                number(file, generation, "repetition_penalty", 1),
                ids(file, eos));
        try {
            // Else every request would be refused for a value that it does not have.
            SamplingOptions.of(SamplingParameters.getDefaultInstance(), defaults, () -> 0);
        } catch (KvernException e) {
            throw new KvernException(ErrorReason.MISCONFIGURED, file + ": " + e.getMessage(), e);
        }
        return defaults;
    }

    private static JsonNode read(Path file) {
        if (!Files.isRegularFile(file)) {
            return new ObjectMapper().createObjectNode();
        }
        try {
            return new ObjectMapper().readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED, file + ": " + e.getOriginalMessage() + " (expected: JSON)", e);
        } catch (IOException e) {
            throw new KvernException(ErrorReason.MISCONFIGURED, file + ": " + e + " (expected: a readable file)", e);
        }
    }

    private static float number(Path file, JsonNode json, String key, float absent) {
        if (!json.hasNonNull(key)) {
            return absent;
        }
        if (!json.get(key).isNumber()) {
            throw KvernException.misconfigured(file + ": " + key, json.get(key), "a number");
        }
        return json.get(key).floatValue();
    }

    private static boolean flag(Path file, JsonNode json, String key, boolean absent) {
        if (!json.hasNonNull(key)) {
            return absent;
        }
        if (!json.get(key).isBoolean()) {
            throw KvernException.misconfigured(file + ": " + key, json.get(key), "true or false");
        }
        return json.get(key).booleanValue();
    }

    private static int topK(Path file, JsonNode json) {
        JsonNode given = json.path("top_k");
        if (json.hasNonNull("top_k") && !(given.isInt() && given.intValue() >= 0)) {
            throw KvernException.misconfigured(file + ": top_k", given, "a whole number of at least 0");
        }
        return given.asInt(0);
    }

    private static Set<Integer> ids(Path file, JsonNode eos) {
        var ids = new LinkedHashSet<Integer>();
        if (eos.isInt()) {
            ids.add(eos.asInt());
        } else if (eos.isArray()) {
            for (JsonNode id : eos) {
                if (!id.isInt()) {
                    throw KvernException.misconfigured(file + ": eos_token_id", eos, "whole numbers");
                }
                ids.add(id.asInt());
            }
        } else if (!eos.isMissingNode() && !eos.isNull()) {
            throw KvernException.misconfigured(file + ": eos_token_id", eos, "a whole number or a list of them");
        }
        return ids;
    }
}
