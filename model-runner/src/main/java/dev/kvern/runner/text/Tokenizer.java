package dev.kvern.runner.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * A model's tokenizer.json, run by Hugging Face's own library. Texts are never cut or padded, whatever the file says: a
 * prompt that is too long is refused by its count, not shortened in silence. May be used by several threads.
 */
public final class Tokenizer implements AutoCloseable {
    private final HuggingFaceTokenizer library;
    private final int vocabularySize;
    private final Set<Integer> special;

    private Tokenizer(HuggingFaceTokenizer library, int vocabularySize, Set<Integer> special) {
        this.library = library;
        this.vocabularySize = vocabularySize;
        this.special = Set.copyOf(special);
    }

    /** @throws KvernException MISCONFIGURED if the directory has no usable tokenizer.json */
    public static Tokenizer load(Path modelDirectory) {
        Path file = modelDirectory.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw KvernException.misconfigured("model directory", modelDirectory, "a tokenizer.json in it");
        }
        // DJL reaches for the network and reports usage unless told not to.
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        try {
            byte[] bytes = Files.readAllBytes(file);
            JsonNode json = new ObjectMapper().readTree(bytes);
            var library = HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(bytes), Map.of("truncation", "false", "padding", "false"));
            return of(library, json);
        } catch (IOException | RuntimeException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    file + ": " + e.getMessage() + " (expected: a Hugging Face tokenizer.json)",
                    e);
        }
    }

    private static Tokenizer of(HuggingFaceTokenizer library, JsonNode json) {
        JsonNode vocabulary = json.path("model").path("vocab");
        int largest = vocabulary.isArray() ? vocabulary.size() - 1 : -1;
        for (JsonNode id : vocabulary.isObject() ? vocabulary : json.path("absent")) {
            largest = Math.max(largest, id.asInt());
        }
        var special = new HashSet<Integer>();
        for (JsonNode added : json.path("added_tokens")) {
            int id = added.path("id").asInt();
            largest = Math.max(largest, id);
            if (added.path("special").asBoolean()) {
                special.add(id);
            }
        }
        return new Tokenizer(library, largest + 1, special);
    }

    /**
     * The text's token ids.
     *
     * @param addSpecialTokens whether the tokenizer adds what it adds by itself, such as a BOS token
     * @throws KvernException INVALID_ARGUMENT if the text has a lone surrogate
     */
    public int[] encode(String text, boolean addSpecialTokens) {
        requireWellFormed(text);
        long[] ids = library.encode(text, addSpecialTokens, false).getIds();
        int[] tokens = new int[ids.length];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (int) ids[i];
        }
        return tokens;
    }

    private static void requireWellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else {
                throw KvernException.invalid(
                        "prompt", String.format("lone surrogate U+%04X at index %d", (int) c, i), "valid Unicode");
            }
        }
    }

    /** The text of tokens; bytes that are no UTF-8 show as U+FFFD. */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        return decode(ids, 0, ids.length, skipSpecialTokens);
    }

    String decode(int[] ids, int from, int to, boolean skipSpecialTokens) {
        long[] longs = new long[to - from];
        for (int i = from; i < to; i++) {
            longs[i - from] = ids[i];
        }
        return longs.length == 0 ? "" : library.decode(longs, skipSpecialTokens);
    }

    /** One token's own text, special or not. */
    public String tokenText(int id) {
        return decode(new int[] {id}, false);
    }

    /** One more than the largest token id. */
    public int vocabularySize() {
        return vocabularySize;
    }

    /** Whether a token is a mark of the model's, not text. */
    public boolean isSpecial(int id) {
        return special.contains(id);
    }

    /** A detokenizer for one request. */
    public Detokenizer newDetokenizer() {
        return new Detokenizer(this);
    }

    @Override
    public void close() {
        library.close();
    }
}
