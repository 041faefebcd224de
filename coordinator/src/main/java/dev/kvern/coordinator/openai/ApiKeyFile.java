package dev.kvern.coordinator.openai;

import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys in a file, read again when it changes. A file that has become unusable changes nothing, and is complained of once. Safe
 * for use by several threads.
 */
public final class ApiKeyFile implements KeyCheck {
    private static final Logger log = LoggerFactory.getLogger(ApiKeyFile.class);
    private static final String SETTING = "api.keys_file: ";
    private static final long MAX_BYTES = 1 << 20;

    private final Path file;
    private volatile ApiKeys keys;

    /** The last complaint; empty if the file was usable. Guarded by this. */
    private String complaint = "";

    /** What the file was when it was read; null if it could not be. Guarded by this. */
    private @Nullable Version seen;

    /** Tells one content from the next, as far as that can be told without reading it. */
    private record Version(
            long modifiedMillis, long size, @Nullable Object file) {}

    private ApiKeyFile(Path file) throws IOException {
        this.file = file;
        this.seen = version();
        this.keys = read();
    }

    /** @throws KvernException MISCONFIGURED if it cannot be read, or is not as it should be */
    public static ApiKeyFile open(Path file) {
        try {
            return new ApiKeyFile(file);
        } catch (IOException e) {
            throw KvernException.misconfigured("api.keys_file", file, "a readable file (" + e + ")");
        }
    }

    @Override
    public Optional<ApiKey> find(@Nullable String presented) {
        return presented == null ? Optional.empty() : keys.find(presented);
    }

    /** Looks whether the file has changed; to be called now and then. */
    public synchronized void refresh() {
        try {
            Version now = version();
            if (now.equals(seen)) {
                return;
            }
            seen = now;
            keys = read();
            complaint = "";
            log.info("{}{} has changed and was read again", SETTING, file);
        } catch (IOException | KvernException e) {
            if (!e.toString().equals(complaint)) {
                complaint = e.toString();
                log.warn("{}{} cannot be used, the keys stay as they were: {}", SETTING, file, complaint);
            }
        }
    }

    private Version version() throws IOException {
        var attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return new Version(attributes.lastModifiedTime().toMillis(), attributes.size(), attributes.fileKey());
    }

    private ApiKeys read() throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw KvernException.misconfigured("api.keys_file", file, "at most " + MAX_BYTES + " bytes");
        }
        return ApiKeys.parse(SETTING + file, Files.readAllLines(file));
    }
}
