package dev.kvern.runner.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a Hugging Face model directory says about chats, where transformers looks for it.
 *
 * @param template from chat_template.jinja, else chat_template.json, else tokenizer_config.json
 * @param specialTokens {@code bos_token} and the like, by name
 */
record TokenizerFiles(Optional<Source> template, Map<String, String> specialTokens) {
    private static final String KEY = "chat_template";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** @param file for messages */
    record Source(Path file, String text) {}

    static TokenizerFiles read(Path directory) {
        Path config = directory.resolve("tokenizer_config.json");
        JsonNode settings = json(config);
        Map<String, String> tokens = new HashMap<>();
        JsonNode map = json(directory.resolve("special_tokens_map.json"));
        addTokens(map, tokens);
        addTokens(settings, tokens);
        return new TokenizerFiles(template(directory, config, settings), Map.copyOf(tokens));
    }

    private static Optional<Source> template(Path directory, Path config, JsonNode settings) {
        Path jinja = directory.resolve("chat_template.jinja");
        if (Files.exists(jinja)) {
            return Optional.of(new Source(jinja, text(jinja)));
        }
        Path alone = directory.resolve("chat_template.json");
        return named(alone, json(alone).path(KEY)).or(() -> named(config, settings.path(KEY)));
    }

    /** A text, or a list of named ones, of which the default is meant. */
    private static Optional<Source> named(Path file, JsonNode template) {
        if (template.isMissingNode() || template.isNull()) {
            return Optional.empty();
        }
        if (template.isTextual()) {
            return Optional.of(new Source(file, template.textValue()));
        }
        for (JsonNode entry : template) {
            if ("default".equals(entry.path("name").asText())
                    && entry.path("template").isTextual()) {
                return Optional.of(new Source(file, entry.path("template").textValue()));
            }
        }
        throw KvernException.misconfigured(
                file + ", " + KEY,
                template.getNodeType(),
                "a text, or a list of {name, template} with one named default");
    }

    private static void addTokens(JsonNode settings, Map<String, String> tokens) {
        settings.properties().forEach(field -> {
            JsonNode value = field.getValue();
            JsonNode token = value.isObject() ? value.path("content") : value;
            if (field.getKey().endsWith("_token") && token.isTextual()) {
                tokens.put(field.getKey(), token.textValue());
            }
        });
    }

    private static JsonNode json(Path file) {
        if (!Files.exists(file)) {
            return MissingNode.getInstance();
        }
        try {
            return JSON.readTree(text(file));
        } catch (JsonProcessingException e) {
            throw KvernException.misconfigured(file.toString(), e.getOriginalMessage(), "JSON");
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw KvernException.misconfigured(file.toString(), e, "a readable file in UTF-8");
        }
    }
}
