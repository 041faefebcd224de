package dev.kvern.it.deploy;

/** A request that was not answered in full. */
final class AskFailed extends Exception {
    private static final long serialVersionUID = 1;

    /** Whether usual clients ask again: nothing had come yet, and it may go better the next time. */
    private final boolean retriable;

    AskFailed(boolean retriable, String message, Throwable cause) {
        super(message, cause);
        this.retriable = retriable;
    }

    AskFailed(boolean retriable, String message) {
        super(message);
        this.retriable = retriable;
    }

    boolean isRetriable() {
        return retriable;
    }
}
