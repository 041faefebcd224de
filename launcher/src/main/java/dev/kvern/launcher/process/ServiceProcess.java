package dev.kvern.launcher.process;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A service in a JVM of its own. What it prints goes to a log file; its ready line tells its addresses. It ends with this
 * process, however that ends, because its standard input does. Safe for use by several threads.
 */
public final class ServiceProcess implements AutoCloseable {
    private static final long READY_LIMIT_SECONDS = 120;
    private static final long END_LIMIT_SECONDS = 8;

    /** The system may take its time, too, to give all of a process's memory back. */
    private static final long KILL_LIMIT_SECONDS = 60;

    private final String name;
    private final Process process;
    private final Path log;
    private final Thread reader;
    private final CompletableFuture<Map<String, String>> ready = new CompletableFuture<>();

    ServiceProcess(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
        this.reader = new Thread(this::copyOutput, "kvern-log-" + name);
        reader.setDaemon(true);
        reader.start();
    }

    private void copyOutput() {
        try (BufferedReader out =
                        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
                Writer file = Files.newBufferedWriter(log)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                file.write(line + "\n");
                file.flush();
                if (line.startsWith("ready ")) {
                    ready.complete(fields(line));
                }
            }
        } catch (IOException e) {
            // The process is gone; what it said is in the log.
        }
        ready.completeExceptionally(
                new KvernException(ErrorReason.MISCONFIGURED, name + " has ended; its log ends with:\n" + tail()));
    }

    /** What messages call it. */
    public String name() {
        return name;
    }

    /** The operating system's number of the process. */
    public long pid() {
        return process.pid();
    }

    /**
     * Waits for the ready line and returns its fields.
     *
     * @throws KvernException with the log's end if the process ends before it is ready, or is not for long
     */
    public Map<String, String> awaitReady() {
        try {
            return ready.get(READY_LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KvernException failure ? failure : new IllegalStateException(e);
        } catch (TimeoutException e) {
            throw new KvernException(
                    ErrorReason.UNAVAILABLE,
                    name + ": not ready after " + READY_LIMIT_SECONDS + " s; its log ends with:\n" + tail(),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KvernException(ErrorReason.CANCELLED, "interrupted while waiting for " + name, e);
        }
    }

    private String tail() {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
        } catch (IOException e) {
            return "(no log: " + e + ")";
        }
    }

    private static Map<String, String> fields(String line) {
        var fields = new LinkedHashMap<String, String>();
        for (String field : line.split(" ")) {
            int equals = field.indexOf('=');
            if (equals > 0) {
                fields.put(field.substring(0, equals), field.substring(equals + 1));
            }
        }
        return fields;
    }

    /** Whether the process has not ended yet. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** What the process has printed so far. */
    public String output() {
        try {
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Waits until the process has ended and all it printed is in the log.
     *
     * @return its exit code; 128 and the signal's number if one ended it
     * @throws KvernException UNAVAILABLE if it does not end
     */
    public int awaitEnd(long limitSeconds) {
        try {
            if (process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
                reader.join();
                return process.exitValue();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KvernException(ErrorReason.CANCELLED, "interrupted while waiting for " + name, e);
        }
        throw new KvernException(
                ErrorReason.UNAVAILABLE,
                name + ": not ended after " + limitSeconds + " s; its log ends with:\n" + tail());
    }

    /** Asks the process to end. */
    public void stop() {
        process.destroy();
    }

    /** Ends the process as a lost machine does: at once, without a word to anyone ({@code kill -9}). */
    public void kill() {
        process.destroyForcibly();
        awaitEnd(KILL_LIMIT_SECONDS);
    }

    /** Makes the process hang: its connections stay open and nobody answers ({@code kill -STOP}). */
    public void pause() {
        signal("STOP");
    }

    /** Lets a paused process go on. */
    public void resume() {
        signal("CONT");
    }

    private void signal(String signal) {
        try {
            int exit = new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (exit != 0) {
                throw new KvernException(
                        ErrorReason.INTERNAL, "kill -" + signal + " " + process.pid() + ": exit code " + exit);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KvernException(ErrorReason.CANCELLED, "interrupted while signalling " + name, e);
        }
    }

    /** Asks the process to end, waits, and ends it by force if it does not. */
    @Override
    public void close() {
        stop();
        try {
            if (!process.waitFor(END_LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
