package dev.kvern.runner.chat.jinja;

/** Python's {@code repr} of a str. */
final class Quoting {
    private Quoting() {}

    static void append(String value, TextBuilder out) {
        int quote = value.indexOf('\'') >= 0 && value.indexOf('"') < 0 ? '"' : '\'';
        var quoted = new StringBuilder(value.length() + 2).appendCodePoint(quote);
        value.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (c == quote || c == '\\') {
                        quoted.append('\\').appendCodePoint(c);
                    } else if (Characters.isPrintable(c)) {
                        quoted.appendCodePoint(c);
                    } else if (c <= 0xff) {
                        quoted.append(String.format("\\x%02x", c));
                    } else if (c <= 0xffff) {
                        quoted.append(String.format("\\u%04x", c));
                    } else {
                        quoted.append(String.format("\\U%08x", c));
                    }
                }
            }
        });
        out.append(quoted.appendCodePoint(quote).toString());
    }
}
