package dev.kvern.it.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * What is in an image's tar (a docker-archive). Immutable.
 *
 * @param config the image's configuration, by the OCI image specification
 * @param files all files and directories by their absolute path, of later layers over earlier ones
 */
record ImageTar(JsonNode config, Map<String, Entry> files) {
    private static final int GZIP_MAGIC = 0x1f8b;

    /**
     * A file or a directory of an image.
     *
     * @param mode permission bits, set-user-id and its like included
     * @param owner numbers, as {@code uid:gid}
     * @param bytes size of a file, else 0
     * @param sha256 of a jar's bytes, in hexadecimal digits; empty for anything else
     */
    record Entry(boolean directory, boolean link, int mode, String owner, long bytes, String sha256) {}

    ImageTar {
        files = Map.copyOf(files);
    }

    static ImageTar read(Path tar) throws IOException {
        var json = JsonMapper.builder().build();
        Map<String, byte[]> small = new LinkedHashMap<>();
        Map<String, Map<String, Entry>> layers = new LinkedHashMap<>();
        try (var archive = new TarArchiveInputStream(new BufferedInputStream(Files.newInputStream(tar)))) {
            for (TarArchiveEntry entry = archive.getNextEntry(); entry != null; entry = archive.getNextEntry()) {
                if (entry.getName().endsWith(".json")) {
                    small.put(entry.getName(), archive.readAllBytes());
                } else {
                    layers.put(entry.getName(), layer(archive));
                }
            }
        }
        JsonNode manifest = json.readTree(new ByteArrayInputStream(small.get("manifest.json")))
                .get(0);
        Map<String, Entry> files = new TreeMap<>();
        manifest.get("Layers").forEach(layer -> files.putAll(layers.get(layer.asText())));
        return new ImageTar(json.readTree(small.get(manifest.get("Config").asText())), files);
    }

    /** Reads a layer, compressed or not, without closing what it comes from. */
    private static Map<String, Entry> layer(InputStream in) throws IOException {
        var buffered = new BufferedInputStream(in);
        buffered.mark(2);
        boolean compressed = ((buffered.read() << 8) | buffered.read()) == GZIP_MAGIC;
        buffered.reset();
        var archive = new TarArchiveInputStream(compressed ? new GZIPInputStream(buffered) : buffered);
        Map<String, Entry> files = new LinkedHashMap<>();
        for (TarArchiveEntry entry = archive.getNextEntry(); entry != null; entry = archive.getNextEntry()) {
            String path = "/" + entry.getName().replaceAll("^\\.?/|/$", "");
            files.put(
                    path,
                    new Entry(
                            entry.isDirectory(),
                            entry.isSymbolicLink() || entry.isLink(),
                            entry.getMode() & 07777,
                            entry.getLongUserId() + ":" + entry.getLongGroupId(),
                            entry.getSize(),
                            path.endsWith(".jar") ? sha256(archive) : ""));
        }
        return files;
    }

    static String sha256(InputStream in) throws IOException {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A variable of the environment that processes begin with, empty if it is not set. */
    String environment(String name) {
        for (JsonNode variable : config.at("/config/Env")) {
            if (variable.asText().startsWith(name + "=")) {
                return variable.asText().substring(name.length() + 1);
            }
        }
        return "";
    }

    long bytes() {
        return files.values().stream().mapToLong(Entry::bytes).sum();
    }
}
