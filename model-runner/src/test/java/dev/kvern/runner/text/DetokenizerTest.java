package dev.kvern.runner.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Pieces put together are what decoding all at once gives, and no piece has half a character. */
class DetokenizerTest {
    static final List<String> NAMES = TextFixtures.NAMES;

    private static final long SEED = 20260101;

    private static List<String> pieces(Tokenizer tokenizer, int[] ids) {
        Detokenizer detokenizer = tokenizer.newDetokenizer();
        var pieces = new ArrayList<String>();
        for (int id : ids) {
            pieces.add(detokenizer.push(id));
        }
        pieces.add(detokenizer.finish());
        return pieces;
    }

    private static void checkWhole(List<String> pieces, String expected, String what) {
        assertThat(String.join("", pieces)).as(what).isEqualTo(expected);
        for (String piece : pieces) {
            if (!piece.isEmpty()) {
                assertThat(Character.isHighSurrogate(piece.charAt(piece.length() - 1)))
                        .as(what)
                        .isFalse();
                assertThat(Character.isLowSurrogate(piece.charAt(0))).as(what).isFalse();
            }
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void givesTheReferencesText(String name) {
        try (Tokenizer tokenizer = TextFixtures.load(name)) {
            for (TextFixtures.Text vector : TextFixtures.texts(name)) {
                checkWhole(pieces(tokenizer, vector.ids()), vector.decoded(), TextFixtures.shown(vector.text()));
            }
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void neverGivesAnIncompleteCharacter(String name) {
        var random = new Random(SEED);
        try (Tokenizer tokenizer = TextFixtures.load(name)) {
            for (int round = 0; round < 200; round++) {
                String text = randomText(random, 1 + random.nextInt(120));
                int[] ids = tokenizer.encode(text, true);
                String expected = tokenizer.decode(ids, true);
                String what = "seed " + SEED + " round " + round + " " + TextFixtures.shown(text);
                assertThat(expected).as(what).doesNotContain("\ufffd");
                checkWhole(pieces(tokenizer, ids), expected, what);
            }
        }
    }

    /** Any character but U+FFFD, neighbours from the same block more often than not. */
    private static String randomText(Random random, int characters) {
        var text = new StringBuilder();
        int block = 0;
        while (text.codePointCount(0, text.length()) < characters) {
            if (random.nextInt(5) == 0) {
                block = random.nextInt(4) == 0 ? 0x80 * random.nextInt(0x110000 / 0x80) : 0x80 * random.nextInt(16);
            }
            int character = block + random.nextInt(0x80);
            if (character != 0xfffd && (character < 0xd800 || character > 0xdfff)) {
                text.appendCodePoint(character);
            }
        }
        return text.toString();
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void bytesThatAreNoTextAreShownAsTheReferenceShowsThem(String name) {
        try (Tokenizer tokenizer = TextFixtures.load(name)) {
            for (TextFixtures.Noise vector : TextFixtures.noise(name)) {
                List<String> pieces = pieces(tokenizer, vector.ids());
                String what = Arrays.toString(vector.ids());
                int broken = vector.decoded().lastIndexOf('\ufffd');
                if (broken >= 0 && name.equals("byte-fallback")) {
                    // It takes characters back: what comes after the last one must be right.
                    assertThat(String.join("", pieces))
                            .as(what)
                            .endsWith(vector.decoded().substring(broken));
                } else {
                    checkWhole(pieces, vector.decoded(), what);
                }
            }
        }
    }

    @Test
    void holdsACharacterUntilItIsComplete() {
        try (Tokenizer tokenizer = TextFixtures.load("byte-fallback")) {
            int[] ids = tokenizer.encode("a\ud83d\udc7b", false);
            assertThat(pieces(tokenizer, ids)).endsWith("", "", "", "\ud83d\udc7b", "");
            Detokenizer cut = tokenizer.newDetokenizer();
            for (int i = 0; i < ids.length - 1; i++) {
                cut.push(ids[i]);
            }
            assertThat(cut.finish()).isEqualTo("\ufffd\ufffd\ufffd");
            assertThat(cut.finish()).isEmpty();
        }
    }

    @Test
    void longTextsPassThroughAShortWindow() {
        try (Tokenizer tokenizer = TextFixtures.load("byte-level")) {
            String text = new Random(SEED)
                    .ints(5000, 0x4e00, 0x9fff)
                    .mapToObj(Character::toString)
                    .collect(Collectors.joining());
            checkWhole(pieces(tokenizer, tokenizer.encode(text, true)), text, "seed " + SEED);
        }
    }
}
