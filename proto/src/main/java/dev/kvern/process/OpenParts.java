package dev.kvern.process;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts that a process has opened, closed in the opposite order; one that fails to close does not keep the others open.
 * Confined to whoever starts or closes the process.
 */
public final class OpenParts implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(OpenParts.class);

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    /** Notes a part and returns it. */
    public <T extends AutoCloseable> T opened(T part) {
        parts.push(part);
        return part;
    }

    /** Closes the part that was opened last, if it is of this type. */
    public void closeLastIf(Class<? extends AutoCloseable> type) {
        if (type.isInstance(parts.peek())) {
            closeLast();
        }
    }

    /** Closes all, the last opened first. */
    @Override
    public void close() {
        while (!parts.isEmpty()) {
            closeLast();
        }
    }

    private void closeLast() {
        AutoCloseable part = parts.pop();
        try {
            part.close();
        } catch (Exception e) {
            log.warn("closing {} failed", part.getClass().getSimpleName(), e);
        }
    }
}
