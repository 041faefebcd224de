package dev.kvern.runner.chat.jinja;

/** The template's text is not Jinja, or uses what this interpreter does not know. */
public final class SyntaxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final String found;
    private final String expected;

    SyntaxException(int line, String found, String expected) {
        super("line " + line + ": " + found + " (expected: " + expected + ")");
        this.line = line;
        this.found = found;
        this.expected = expected;
    }

    /** Counted from 1. */
    public int line() {
        return line;
    }

    public String found() {
        return found;
    }

    public String expected() {
        return expected;
    }
}
