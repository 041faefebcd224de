package dev.kvern.runner.chat.jinja;

/** Escaping as markupsafe does it; reached only through the filters {@code safe} and {@code escape}. */
final class Html {
    private Html() {}

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace(">", "&gt;")
                .replace("<", "&lt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }

    static String escaped(Text text) {
        return text.safe() ? text.value() : escape(text.value());
    }
}
