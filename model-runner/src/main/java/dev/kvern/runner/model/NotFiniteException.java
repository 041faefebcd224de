package dev.kvern.runner.model;

/**
 * A step's keys, values or logits are not finite numbers: the weights are broken, the arithmetic overflowed, or memory is not
 * what it was. What the step wrote is of no use to anyone. Immutable.
 */
public final class NotFiniteException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message where what was found instead of a finite number */
    public NotFiniteException(String message) {
        super(message);
    }

    /**
     * Looks at one row of logits.
     *
     * @param logits holds {@code count} of them from {@code from} on
     * @param position of the token that they follow, for the message
     * @throws NotFiniteException if one of them is NaN or infinite
     */
    public static void requireFinite(float[] logits, int from, int count, int position) {
        for (int i = from; i < from + count; i++) {
            if (!Float.isFinite(logits[i])) {
                throw new NotFiniteException(
                        "logit of token " + (i - from) + " after position " + position + ": " + logits[i]);
            }
        }
    }
}
