package dev.kvern.runner.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What transformers' own environment rendered: {@code src/test/templates/make_vectors.py} wrote it. */
public final class TemplateVectors {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode root;

    private TemplateVectors(JsonNode root) {
        this.root = root;
    }

    /** @param expected null if the reference failed, with {@code raised} if the template itself refused */
    public record Case(
            String name,
            String template,
            Map<String, @Nullable Object> variables,
            @Nullable String expected,
            @Nullable String raised) {}

    public static TemplateVectors load() {
        try (InputStream in = Objects.requireNonNull(TemplateVectors.class.getResourceAsStream("vectors.json"))) {
            return new TemplateVectors(JSON.readTree(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Clock clock() {
        LocalDateTime now = LocalDateTime.parse(root.path("now").asText());
        return Clock.fixed(now.toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
    }

    /** Small templates, each about one thing, and seeded random ones. */
    public List<Case> probes() {
        Map<String, @Nullable Object> variables = map(root.path("variables"));
        return Stream.of(root.path("probes"))
                .flatMap(TemplateVectors::elements)
                .map(probe -> newCase(probe, probe.path("template").asText(), variables))
                .toList();
    }

    /** Published formats with chats of all kinds. */
    public List<Case> chats() {
        return elements(root.path("chat_cases")).map(this::chat).toList();
    }

    private Case chat(JsonNode chat) {
        Map<String, @Nullable Object> variables = map(root.path("tokens"));
        variables.put("tools", null);
        variables.put("documents", null);
        variables.putAll(map(root.path("extra").path(chat.path("extra").asText())));
        variables.put(
                "messages", value(root.path("chats").path(chat.path("chat").asText())));
        variables.put("add_generation_prompt", chat.path("prompt").asBoolean());
        return newCase(
                chat,
                root.path("templates").path(chat.path("template").asText()).asText(),
                variables);
    }

    private static Case newCase(JsonNode node, String template, Map<String, @Nullable Object> variables) {
        String name = node.deepCopy() instanceof ObjectNode copy
                ? copy.without(List.of("out", "raised", "error")).toString()
                : "";
        return new Case(
                name,
                template,
                variables,
                node.has("out") ? node.path("out").asText() : null,
                node.has("raised") ? node.path("raised").asText() : null);
    }

    private static Stream<JsonNode> elements(JsonNode array) {
        return Stream.iterate(0, i -> i < array.size(), i -> i + 1).map(array::path);
    }

    private static Map<String, @Nullable Object> map(JsonNode node) {
        Map<String, @Nullable Object> map = new HashMap<>();
        node.properties().forEach(field -> map.put(field.getKey(), value(field.getValue())));
        return map;
    }

    private static @Nullable Object value(JsonNode node) {
        return JSON.convertValue(node, Object.class);
    }
}
