package dev.kvern.runner.chat.jinja;

import java.util.Locale;

/** Python's mappings between upper and lower case. */
final class TextCase {
    private TextCase() {}

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    /** Near enough: Unicode's folding differs from this for a few dozen letters of rare scripts. */
    static String fold(String text) {
        return lower(upper(text)).replace('ς', 'σ');
    }

    /** The first letter of each run of letters large, the others small. */
    static String title(String text) {
        var titled = new StringBuilder();
        String small = lower(text);
        boolean aligned = small.length() == text.length();
        boolean inWord = false;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            int length = Character.charCount(c);
            if (!inWord) {
                titled.append(titleCase(c));
            } else {
                titled.append(aligned ? small.substring(i, i + length) : lower(Character.toString(c)));
            }
            inWord = Characters.isCased(c);
            i += length;
        }
        return titled.toString();
    }

    static String capital(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.codePointAt(0);
        // Lower the whole, so that a final sigma sees the letter before it.
        String firstLetter = Character.toString(first);
        String small = lower(text);
        String smallFirst = lower(firstLetter);
        String rest = small.startsWith(smallFirst)
                ? small.substring(smallFirst.length())
                : lower(text.substring(firstLetter.length()));
        return titleCase(first) + rest;
    }

    static String swapped(String text) {
        var swapped = new StringBuilder();
        // Lowered as a whole, so that a final sigma is one.
        String small = lower(text);
        boolean aligned = small.length() == text.length();
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            int end = i + Character.charCount(c);
            if (Character.isUpperCase(c)) {
                swapped.append(aligned ? small.substring(i, end) : lower(Character.toString(c)));
            } else {
                swapped.append(Character.isLowerCase(c) ? upper(Character.toString(c)) : Character.toString(c));
            }
            i = end;
        }
        return swapped.toString();
    }

    private static String titleCase(int c) {
        int titled = Character.toTitleCase(c);
        if (titled != c || Character.isTitleCase(c)) {
            return Character.toString(titled);
        }
        // Letters whose capital is two, like ß: only the first of them is large.
        String large = upper(Character.toString(c));
        if (large.codePointCount(0, large.length()) < 2) {
            return large;
        }
        int length = Character.charCount(large.codePointAt(0));
        return large.substring(0, length) + lower(large.substring(length));
    }

    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    static boolean isTitle(String text) {
        boolean inWord = false;
        boolean any = false;
        for (int c : text.codePoints().toArray()) {
            boolean large = Character.isUpperCase(c) || Character.isTitleCase(c);
            boolean small = Character.isLowerCase(c);
            if ((large && inWord) || (small && !inWord)) {
                return false;
            }
            inWord = large || small;
            any |= inWord;
        }
        return any;
    }
}
