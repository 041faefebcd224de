package dev.kvern.runner.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StopMatcherTest {
    private static final long SEED = 20260101;

    /** What may be known of the whole text so far, without a thought for cost. */
    private static String certain(List<String> stops, String text) {
        for (int start = 0; start < text.length(); start++) {
            String rest = text.substring(start);
            if (stops.stream().anyMatch(stop -> rest.startsWith(stop) || stop.startsWith(rest))) {
                return text.substring(0, start);
            }
        }
        return text;
    }

    private static boolean met(List<String> stops, String text) {
        return stops.stream().anyMatch(text::contains);
    }

    private static String beforeStop(List<String> stops, String text) {
        int first = stops.stream()
                .mapToInt(text::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElseThrow();
        return text.substring(0, first);
    }

    @Test
    void doesWhatLookingAtTheWholeTextWould() {
        var random = new Random(SEED);
        int stopped = 0;
        for (int round = 0; round < 20_000; round++) {
            List<String> stops = IntStream.range(0, random.nextInt(4))
                    .mapToObj(i -> word(random, 1 + random.nextInt(5)))
                    .toList();
            var matcher = new StopMatcher(stops);
            var text = new StringBuilder();
            var emitted = new StringBuilder();
            var pieces = new ArrayList<String>();
            boolean ended = false;
            for (int i = random.nextInt(12); i > 0 && !ended; i--) {
                String piece = word(random, random.nextInt(5));
                pieces.add(piece);
                text.append(piece);
                StopMatcher.Match match = matcher.push(piece);
                emitted.append(match.emit());
                ended = match.stopped();
                String what = "seed %d round %d: %s in %s".formatted(SEED, round, stops, pieces);
                assertThat(ended).as(what).isEqualTo(met(stops, text.toString()));
                assertThat(emitted.toString())
                        .as(what)
                        .isEqualTo(ended ? beforeStop(stops, text.toString()) : certain(stops, text.toString()));
            }
            String rest = matcher.finish();
            assertThat(emitted + rest).isEqualTo(ended ? emitted.toString() : text.toString());
            stopped += ended ? 1 : 0;
        }
        assertThat(stopped).isBetween(2_000, 18_000);
    }

    /** Of two letters, so that stop texts begin, overlap and repeat often. */
    private static String word(Random random, int length) {
        var word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append(random.nextInt(3) == 0 ? 'b' : 'a');
        }
        return word.toString();
    }

    @Test
    void stopTextsMayComeInPieces() {
        var matcher = new StopMatcher(List.of("</answer>", "\n\n"));
        assertThat(matcher.push("42</ans")).isEqualTo(new StopMatcher.Match("42", false));
        assertThat(matcher.push("wer")).isEqualTo(new StopMatcher.Match("", false));
        assertThat(matcher.push("s\n")).isEqualTo(new StopMatcher.Match("</answers", false));
        assertThat(matcher.push("\nmore")).isEqualTo(new StopMatcher.Match("", true));
        assertThat(matcher.finish()).isEmpty();
    }

    @Test
    void withoutStopTextsNothingIsHeld() {
        var matcher = new StopMatcher(List.of());
        assertThat(matcher.push("a")).isEqualTo(new StopMatcher.Match("a", false));
        assertThat(matcher.finish()).isEmpty();
    }
}
