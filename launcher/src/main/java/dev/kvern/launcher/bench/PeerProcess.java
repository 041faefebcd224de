package dev.kvern.launcher.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * transformers_peer.py in a Python process: a line of JSON there, a line of JSON back. It ends when its standard input does,
 * and so with this process. Confined to a thread.
 */
final class PeerProcess implements AutoCloseable {
    private static final String SCRIPT = "transformers_peer.py";
    private static final long END_SECONDS = 10;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final Path errors;
    private final Writer in;
    private final BufferedReader out;

    private PeerProcess(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        this.in = process.outputWriter(StandardCharsets.UTF_8);
        this.out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** @throws KvernException UNAVAILABLE if there is no such interpreter */
    static PeerProcess start(String python) {
        @Nullable Path errors = null;
        try (InputStream script = PeerProcess.class.getResourceAsStream(SCRIPT)) {
            if (script == null) {
                throw new IllegalStateException("no resource " + SCRIPT);
            }
            String text = new String(script.readAllBytes(), StandardCharsets.UTF_8);
            errors = Files.createTempFile("kvern-bench-peer-", ".log");
            var builder = new ProcessBuilder(List.of(python, "-c", text)).redirectError(errors.toFile());
            // It is about this machine: no look at a hub, no bars on the terminal.
            builder.environment()
                    .putAll(Map.of("HF_HUB_OFFLINE", "1", "TQDM_DISABLE", "1", "TRANSFORMERS_VERBOSITY", "error"));
            return new PeerProcess(builder.start(), errors);
        } catch (IOException e) {
            deleteQuietly(errors);
            throw new KvernException(ErrorReason.UNAVAILABLE, python + ": " + e.getMessage(), e);
        }
    }

    /**
     * Sends a command and waits for its answer.
     *
     * @throws KvernException UNAVAILABLE with the peer's own words if it fails
     */
    JsonNode ask(Map<String, ?> command) {
        try {
            in.write(JSON.writeValueAsString(command));
            in.write('\n');
            in.flush();
            String line = out.readLine();
            if (line == null) {
                throw new KvernException(ErrorReason.UNAVAILABLE, "the peer has ended: " + lastError());
            }
            JsonNode answer = JSON.readTree(line);
            if (answer.has("error")) {
                throw new KvernException(
                        ErrorReason.UNAVAILABLE, answer.get("error").asText());
            }
            return answer;
        } catch (JsonProcessingException e) {
            throw new KvernException(ErrorReason.INTERNAL, "the peer's answer: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new KvernException(ErrorReason.UNAVAILABLE, "the peer has ended: " + lastError(), e);
        }
    }

    private String lastError() {
        try {
            return Files.readString(errors).strip().lines().reduce("nothing said why", (before, line) -> line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void deleteQuietly(@Nullable Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // Among temporary files, which the system clears.
        }
    }

    @Override
    public void close() {
        try {
            in.close();
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        deleteQuietly(errors);
    }
}
