package dev.kvern.runner.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Tokenizers with what Hugging Face's Python library does with them; made by make_text_fixtures.py beside them. */
final class TextFixtures {
    static final List<String> NAMES = List.of("byte-level", "byte-fallback", "kvern-demo");

    private static final Path ROOT = Path.of("src/test/fixtures/text");
    private static final JsonNode VECTORS = read();

    private TextFixtures() {}

    /** A text, its ids with and without those a tokenizer adds, and what the former decode to. */
    record Text(String text, int[] ids, int[] plainIds, String decoded, String decodedWithSpecial) {}

    /** Ids at random; few make valid UTF-8. */
    record Noise(int[] ids, String decoded) {}

    private static JsonNode read() {
        try {
            return new ObjectMapper().readTree(ROOT.resolve("vectors.json").toFile());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static Tokenizer load(String name) {
        return Tokenizer.load(name.equals("kvern-demo") ? Path.of("models/kvern-demo") : ROOT.resolve(name));
    }

    static int vocabularySize(String name) {
        return VECTORS.get(name).get("vocabulary").asInt();
    }

    static List<Text> texts(String name) {
        return stream(VECTORS.get(name).get("texts"))
                .map(v -> new Text(
                        v.get("text").asText(),
                        ids(v.get("ids")),
                        ids(v.get("plain_ids")),
                        v.get("decoded").asText(),
                        v.get("decoded_with_special").asText()))
                .toList();
    }

    static List<Noise> noise(String name) {
        return stream(VECTORS.get(name).get("noise"))
                .map(v -> new Noise(ids(v.get("ids")), v.get("decoded").asText()))
                .toList();
    }

    private static int[] ids(JsonNode array) {
        return stream(array).mapToInt(JsonNode::asInt).toArray();
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    /** For messages: ASCII, with escapes. */
    static String shown(String text) {
        var shown = new StringBuilder("\"");
        text.chars()
                .forEach(c -> shown.append(c >= 0x20 && c < 0x7f ? String.valueOf((char) c) : "\\u%04x".formatted(c)));
        return shown.append('"').toString();
    }
}
