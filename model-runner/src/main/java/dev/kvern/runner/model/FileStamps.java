package dev.kvern.runner.model;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which files a model directory had at one moment. They are read one after the other, so that a directory which is replaced
 * meanwhile gives a tokenizer of one model and weights of another. Immutable.
 */
final class FileStamps {
    /** What is read, beside weights. */
    private static final List<String> NAMES = List.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "chat_template.json",
            "chat_template.jinja",
            "model.safetensors.index.json");

    private static final String WEIGHTS = ".safetensors";

    private final Path directory;
    private final Map<String, Stamp> stamps;

    /** @param key names the file whatever its path, where the file system can; null where it cannot */
    private record Stamp(@Nullable Object key, long bytes, FileTime changed) {}

    private FileStamps(Path directory, Map<String, Stamp> stamps) {
        this.directory = directory;
        this.stamps = stamps;
    }

    static FileStamps of(Path directory) {
        var stamps = new TreeMap<String, Stamp>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (NAMES.contains(name) || name.endsWith(WEIGHTS)) {
                    addTo(stamps, name, file);
                }
            }
        } catch (IOException e) {
            throw KvernException.misconfigured("model directory", directory + ": " + e, "a directory that can be read");
        }
        return new FileStamps(directory, stamps);
    }

    private static void addTo(Map<String, Stamp> stamps, String name, Path file) throws IOException {
        try {
            // Of what a link leads to.
            var attributes = Files.readAttributes(file, BasicFileAttributes.class);
            stamps.put(name, new Stamp(attributes.fileKey(), attributes.size(), attributes.lastModifiedTime()));
        } catch (NoSuchFileException e) {
            // A link that leads nowhere: as if it were not there.
        }
    }

    /** @throws KvernException MISCONFIGURED, with the names, if a file is now another than it was, or is gone, or has come */
    void requireUnchanged() {
        FileStamps now = of(directory);
        var names = new TreeSet<>(stamps.keySet());
        names.addAll(now.stamps.keySet());
        names.removeIf(name -> Objects.equals(stamps.get(name), now.stamps.get(name)));
        if (!names.isEmpty()) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    directory + ": " + String.join(", ", names)
                            + " changed while the model was loaded (expected: files that stay as they are)");
        }
    }
}
