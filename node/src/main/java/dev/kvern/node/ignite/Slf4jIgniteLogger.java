package dev.kvern.node.ignite;

import org.apache.ignite.IgniteLogger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ignite's log messages through slf4j. Safe for use by several threads. */
final class Slf4jIgniteLogger implements IgniteLogger {
    private final Logger log;

    Slf4jIgniteLogger(Logger log) {
        this.log = log;
    }

    @Override
    public IgniteLogger getLogger(@Nullable Object category) {
        if (category == null) {
            return new Slf4jIgniteLogger(LoggerFactory.getLogger("org.apache.ignite"));
        }
        String name = category instanceof Class<?> type ? type.getName() : category.toString();
        return new Slf4jIgniteLogger(LoggerFactory.getLogger(name));
    }

    @Override
    public void trace(String message) {
        log.trace(message);
    }

    @Override
    public void debug(String message) {
        log.debug(message);
    }

    @Override
    public void info(String message) {
        log.info(message);
    }

    @Override
    public void warning(String message, @Nullable Throwable failure) {
        log.warn(message, failure);
    }

    @Override
    public void error(String message, @Nullable Throwable failure) {
        log.error(message, failure);
    }

    @Override
    public boolean isTraceEnabled() {
        return log.isTraceEnabled();
    }

    @Override
    public boolean isDebugEnabled() {
        return log.isDebugEnabled();
    }

    @Override
    public boolean isInfoEnabled() {
        return log.isInfoEnabled();
    }

    /** Not quiet: then nothing goes past the logger to standard output. */
    @Override
    public boolean isQuiet() {
        return false;
    }

    @Override
    public @Nullable String fileName() {
        return null;
    }
}
