package dev.kvern.runner.chat.jinja;

/** Rendering ended without a text. */
public final class RenderException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final boolean raised;

    RenderException(int line, String message, boolean raised, Throwable cause) {
        super(message, cause);
        this.line = line;
        this.raised = raised;
    }

    /** Line of the template, counted from 1. */
    public int line() {
        return line;
    }

    /** The template itself refused its input, through {@code raise_exception}; the message is the template's. */
    public boolean raised() {
        return raised;
    }
}
