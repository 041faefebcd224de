package dev.kvern.rpc;

import org.jspecify.annotations.Nullable;

/** A failure with a reason and a message that can be shown to whoever must act: it names the value and what was expected. */
public final class KvernException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorReason reason;

    public KvernException(ErrorReason reason, String message) {
        this(reason, message, null);
    }

    public KvernException(ErrorReason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** A field with a value that cannot be taken: {@code max_tokens: -1 (expected: 1 to 4096)}. */
    public static KvernException invalid(String field, Object value, String expected) {
        return new KvernException(ErrorReason.INVALID_ARGUMENT, field + ": " + value + " (expected: " + expected + ")");
    }

    /** A file, port or setting that the operator must mend. */
    public static KvernException misconfigured(String what, Object value, String expected) {
        return new KvernException(ErrorReason.MISCONFIGURED, what + ": " + value + " (expected: " + expected + ")");
    }

    public ErrorReason reason() {
        return reason;
    }
}
