package dev.kvern.launcher.demo;

import dev.kvern.launcher.JvmFlags;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One service of the demo in a JVM of its own. What it prints goes to a log file; its ready line tells its addresses. It
 * ends with this process, however that ends, because its standard input does. Safe for use by several threads.
 */
final class ChildProcess implements AutoCloseable {
    private static final long READY_LIMIT_SECONDS = 120;
    private static final long END_LIMIT_SECONDS = 8;

    private final String name;
    private final Process process;
    private final Path log;
    private final CompletableFuture<Map<String, String>> ready = new CompletableFuture<>();

    private ChildProcess(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
    }

    /** Starts {@code kvern <role> --set <setting>...}. */
    static ChildProcess start(String name, String role, List<String> settings, Path logDirectory) {
        Path log = logDirectory.resolve(name + ".log");
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JvmFlags.of(role));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.kvern.launcher.Kvern", role));
        command.add("--exit-with-parent");
        for (String setting : settings) {
            command.addAll(List.of("--set", setting));
        }
        try {
            Process process = new ProcessBuilder(command)
                    .directory(logDirectory.toFile())
                    .redirectErrorStream(true)
                    .start();
            var child = new ChildProcess(name, process, log);
            var reader = new Thread(child::copyOutput, "kvern-demo-log-" + name);
            reader.setDaemon(true);
            reader.start();
            return child;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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

    /** Waits for the ready line and returns its fields. */
    Map<String, String> awaitReady() {
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

    /** Asks the process to end. */
    void stop() {
        process.destroy();
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
