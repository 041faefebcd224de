package dev.kvern.rpc;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A failure with a reason and a message that can be shown to whoever must act: it names the value and what was expected.
 * Immutable.
 */
public final class KvernException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@link #retryAfterMillis} when there is none. */
    private static final long NO_HINT = -1;

    private final ErrorReason reason;
    private final long retryAfterMillis;

    public KvernException(ErrorReason reason, String message) {
        this(reason, message, null);
    }

    public KvernException(ErrorReason reason, String message, @Nullable Throwable cause) {
        this(reason, message, cause, NO_HINT);
    }

    private KvernException(ErrorReason reason, String message, @Nullable Throwable cause, long retryAfterMillis) {
        super(message, cause);
        this.reason = reason;
        this.retryAfterMillis = retryAfterMillis;
    }

    /**
     * A queue or pool at its limit, with a hint when trying again may help.
     *
     * @param retryAfterMillis at least 0
     */
    public static KvernException exhausted(String message, long retryAfterMillis) {
        if (retryAfterMillis < 0) {
            throw new IllegalArgumentException("retryAfterMillis: " + retryAfterMillis + " (expected: at least 0)");
        }
        return new KvernException(ErrorReason.RESOURCE_EXHAUSTED, message, null, retryAfterMillis);
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

    /** When trying again may help, from now; empty if that is not known. */
    public OptionalLong retryAfterMillis() {
        return retryAfterMillis == NO_HINT ? OptionalLong.empty() : OptionalLong.of(retryAfterMillis);
    }
}
