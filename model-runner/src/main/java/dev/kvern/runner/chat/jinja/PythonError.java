package dev.kvern.runner.chat.jinja;

/** What would be an exception in Python, or a limit of {@link Budget}. The line is added where rendering ends. */
class PythonError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PythonError(String message) {
        // A hostile template can make many of these, and nobody reads where in the interpreter they arose.
        super(message, null, false, false);
    }

    /** {@code raise_exception(message)}. */
    static final class Raised extends PythonError {
        private static final long serialVersionUID = 1L;

        Raised(String message) {
            super(message);
        }
    }
}
