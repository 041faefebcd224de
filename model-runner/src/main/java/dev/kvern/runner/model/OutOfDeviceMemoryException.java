package dev.kvern.runner.model;

import org.jspecify.annotations.Nullable;

/**
 * A step or a copy found no memory for its intermediate results. Nothing that was there before is lost, and a smaller step may
 * succeed. Immutable.
 */
public final class OutOfDeviceMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message what the device said */
    public OutOfDeviceMemoryException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
