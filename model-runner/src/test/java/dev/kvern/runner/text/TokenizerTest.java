package dev.kvern.runner.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against vectors of Hugging Face's Python library. */
class TokenizerTest {
    static final List<String> NAMES = TextFixtures.NAMES;

    @ParameterizedTest
    @FieldSource("NAMES")
    void textsHaveTheReferencesIds(String name) {
        try (Tokenizer tokenizer = TextFixtures.load(name)) {
            for (TextFixtures.Text vector : TextFixtures.texts(name)) {
                String shown = TextFixtures.shown(vector.text());
                assertThat(tokenizer.encode(vector.text(), true)).as(shown).containsExactly(vector.ids());
                assertThat(tokenizer.encode(vector.text(), false))
                        .as("%s alone", shown)
                        .containsExactly(vector.plainIds());
            }
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void idsHaveTheReferencesText(String name) {
        try (Tokenizer tokenizer = TextFixtures.load(name)) {
            for (TextFixtures.Text vector : TextFixtures.texts(name)) {
                assertThat(tokenizer.decode(vector.ids(), true)).isEqualTo(vector.decoded());
                assertThat(tokenizer.decode(vector.ids(), false)).isEqualTo(vector.decodedWithSpecial());
            }
            for (TextFixtures.Noise vector : TextFixtures.noise(name)) {
                assertThat(tokenizer.decode(vector.ids(), true)).isEqualTo(vector.decoded());
            }
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void knowsItsVocabulary(String name) {
        try (Tokenizer tokenizer = TextFixtures.load(name)) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(TextFixtures.vocabularySize(name));
        }
    }

    @Test
    void tellsMarksFromText() {
        try (Tokenizer tokenizer = TextFixtures.load("byte-level")) {
            int bos = tokenizer.encode("", true)[0];
            int toolCall = tokenizer.encode("<tool_call>", false)[0];
            assertThat(tokenizer.isSpecial(bos)).isTrue();
            assertThat(tokenizer.isSpecial(toolCall)).isFalse();
            assertThat(tokenizer.tokenText(bos)).isEqualTo("<|begin_of_text|>");
            assertThat(tokenizer.tokenText(toolCall)).isEqualTo("<tool_call>");
            assertThat(tokenizer.decode(new int[] {bos, toolCall}, true)).isEqualTo("<tool_call>");
        }
    }

    /** byte-level's file asks for 16 tokens at most, and for padding to 20. */
    @Test
    void neitherCutsNorPads() {
        try (Tokenizer tokenizer = TextFixtures.load("byte-level")) {
            String text = "x".repeat(3000);
            int[] ids = tokenizer.encode(text, true);
            assertThat(ids).hasSizeGreaterThan(1000);
            assertThat(tokenizer.decode(ids, true)).isEqualTo(text);
            assertThat(tokenizer.encode("x", false)).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\ud83d", "a\ud83d!", "\ude00", "\ude00\ud83d", "\ud83d\ud83d\ude00"})
    void refusesLoneSurrogates(String text) {
        try (Tokenizer tokenizer = TextFixtures.load("kvern-demo")) {
            assertThatExceptionOfType(KvernException.class)
                    .isThrownBy(() -> tokenizer.encode(text, true))
                    .withMessageContaining("lone surrogate U+D")
                    .matches(e -> e.reason() == ErrorReason.INVALID_ARGUMENT);
        }
    }

    @Test
    void namesWhatCannotBeUsed(@TempDir Path directory) throws IOException {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> Tokenizer.load(directory))
                .withMessageContaining("a tokenizer.json in it")
                .matches(e -> e.reason() == ErrorReason.MISCONFIGURED);
        Files.writeString(directory.resolve("tokenizer.json"), "{\"model\": {\"type\": \"Abacus\"}}");
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> Tokenizer.load(directory))
                .withMessageContaining("expected: a Hugging Face tokenizer.json")
                .matches(e -> e.reason() == ErrorReason.MISCONFIGURED);
    }
}
