package dev.kvern.runner.text;

import java.util.Arrays;

/**
 * Turns tokens into text as they come. What it has given out, put together, is what decoding all tokens at once gives; a
 * character whose bytes are not all there yet is held back.
 *
 * <p>A token's text can depend on the one before it (a leading space that only a first token loses), so each step decodes a
 * short window twice, without and with the new tokens, and gives out the difference: the method of vLLM's
 * {@code detokenize_incrementally} and of text-generation-inference. Cost per token does not grow with the text.
 *
 * <p>One exception: a tokenizer with byte fallback takes back a run of bytes that were characters when a byte follows that
 * makes none, and shows all of them as U+FFFD. What was given out stays; the text after such a run is the same again.
 * Confined to a request's thread.
 */
public final class Detokenizer {
    private static final char REPLACEMENT = '\uFFFD';

    private final Tokenizer tokenizer;
    private int[] ids = new int[64];
    private int count;
    /** The window's start, and how far of it has been given out. */
    private int windowStart;

    private int given;

    Detokenizer(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** Takes one token, returns the text that is now certain; empty while a character is incomplete. */
    public String push(int id) {
        if (tokenizer.isSpecial(id)) {
            return "";
        }
        if (count == ids.length) {
            compact();
        }
        ids[count++] = id;
        String before = tokenizer.decode(ids, windowStart, given, true);
        String now = tokenizer.decode(ids, windowStart, count, true);
        if (now.length() <= before.length() || now.charAt(now.length() - 1) == REPLACEMENT) {
            return "";
        }
        windowStart = given;
        given = count;
        return now.substring(before.length());
    }

    /** What was held back: an incomplete character shows as U+FFFD. */
    public String finish() {
        String before = tokenizer.decode(ids, windowStart, given, true);
        String now = tokenizer.decode(ids, windowStart, count, true);
        given = count;
        return now.substring(Math.min(before.length(), now.length()));
    }

    /** Drops tokens before the window; grows only when the window itself fills the array. */
    private void compact() {
        int kept = count - windowStart;
        int[] target = kept > ids.length / 2 ? new int[ids.length * 2] : ids;
        System.arraycopy(ids, windowStart, target, 0, kept);
        ids = target == ids ? ids : Arrays.copyOf(target, target.length);
        given -= windowStart;
        count = kept;
        windowStart = 0;
    }
}
