package dev.kvern.launcher;

/** A command line that cannot be obeyed. */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UsageException(String message) {
        super(message);
    }
}
