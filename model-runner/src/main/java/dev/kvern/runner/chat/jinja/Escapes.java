package dev.kvern.runner.chat.jinja;

/** What a string literal stands for: Python's unicode-escape encoding, reached the way jinja2 reaches it. */
final class Escapes {
    private Escapes() {}

    /** @throws IllegalArgumentException if an escape is cut short or names no character */
    static String decode(String literal) {
        if (literal.indexOf('\\') < 0) {
            return literal;
        }
        var out = new StringBuilder();
        for (int i = 0; i < literal.length(); ) {
            char c = literal.charAt(i);
            if (c != '\\') {
                out.append(c);
                i++;
            } else {
                i = decodeAt(literal, i + 1, out);
            }
        }
        return out.toString();
    }

    /** @return where the escape ends */
    private static int decodeAt(String literal, int at, StringBuilder out) {
        char c = literal.charAt(at);
        switch (c) {
            case '\n' -> {}
            case '\\', '\'', '"' -> out.append(c);
            case 'a' -> out.append('\u0007');
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'n' -> out.append('\n');
            case 'r' -> out.append('\r');
            case 't' -> out.append('\t');
            case 'v' -> out.append('\u000b');
            case 'x' -> {
                return hex(literal, at + 1, 2, out);
            }
            case 'u' -> {
                return hex(literal, at + 1, 4, out);
            }
            case 'U' -> {
                return hex(literal, at + 1, 8, out);
            }
            case 'N' -> {
                return named(literal, at + 1, out);
            }
            default -> {
                if (c >= '0' && c <= '7') {
                    return octal(literal, at, out);
                }
                return unknown(literal, at, out);
            }
        }
        return at + 1;
    }

    private static int hex(String literal, int at, int digits, StringBuilder out) {
        int end = at + digits;
        String hex = literal.substring(at, Math.min(end, literal.length()));
        if (hex.length() < digits || !Characters.all(hex, c -> c < 0x80 && Character.digit(c, 16) >= 0)) {
            throw new IllegalArgumentException("an escape of fewer than " + digits + " digits");
        }
        long codePoint = Long.parseLong(hex, 16);
        if (codePoint > Character.MAX_CODE_POINT) {
            throw new IllegalArgumentException("an escape beyond the last character");
        }
        out.appendCodePoint((int) codePoint);
        return end;
    }

    private static int octal(String literal, int at, StringBuilder out) {
        int end = at;
        int value = 0;
        while (end < literal.length() && end < at + 3 && literal.charAt(end) >= '0' && literal.charAt(end) <= '7') {
            value = value * 8 + literal.charAt(end++) - '0';
        }
        out.append((char) value);
        return end;
    }

    private static int named(String literal, int at, StringBuilder out) {
        int close = literal.indexOf('}', at);
        if (!literal.startsWith("{", at) || close < 0) {
            throw new IllegalArgumentException("an escape \\N without {NAME}");
        }
        out.appendCodePoint(Character.codePointOf(literal.substring(at + 1, close)));
        return close + 1;
    }

    /**
     * Not an escape: the backslash stays. jinja2 turns characters outside ASCII into escapes before it decodes, so that
     * a backslash before one takes that escape's own, and the escape's letters stay.
     */
    private static int unknown(String literal, int at, StringBuilder out) {
        int c = literal.codePointAt(at);
        out.append('\\');
        if (c < 0x80) {
            out.appendCodePoint(c);
        } else {
            out.append(String.format(c <= 0xff ? "x%02x" : c <= 0xffff ? "u%04x" : "U%08x", c));
        }
        return at + Character.charCount(c);
    }
}
