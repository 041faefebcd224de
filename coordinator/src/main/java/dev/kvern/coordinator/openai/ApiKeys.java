package dev.kvern.coordinator.openai;

import com.google.common.hash.Hashing;
import dev.kvern.rpc.KvernException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The keys that are let in. Immutable; of a key only its SHA-256 is kept. */
final class ApiKeys {
    private static final String EXPECTED =
            "NAME KEY, or NAME sha256:HEX, and a tenant of letters, digits, '.', '_', '-'";
    private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-fA-F]{64}");
    private static final String DIGEST_PREFIX = "sha256:";

    private final List<Entry> entries;

    private record Entry(byte[] digest, ApiKey key) {}

    private ApiKeys(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /**
     * Reads a file's lines: a name, a key (or {@code sha256:} and its digest) and possibly a tenant, between blanks. Empty lines and
     * those that begin with # say nothing.
     *
     * @param what the file, for messages
     * @throws KvernException MISCONFIGURED if a line is anything else, or there is no key
     */
    static ApiKeys parse(String what, List<String> lines) {
        var entries = new ArrayList<Entry>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String[] words = line.split("\\s+");
            boolean digested = words.length > 1 && words[1].startsWith(DIGEST_PREFIX);
            // What stands there is a secret: the message has none of it.
            if (words.length < 2
                    || words.length > 3
                    || (digested && !DIGEST.matcher(words[1]).matches())
                    || (words.length == 3 && !TENANT.matcher(words[2]).matches())) {
                throw KvernException.misconfigured(
                        what, "line " + (i + 1) + " of " + words.length + " words", EXPECTED);
            }
            byte[] digest =
                    digested ? HexFormat.of().parseHex(words[1].substring(DIGEST_PREFIX.length())) : sha256(words[1]);
            entries.add(new Entry(digest, new ApiKey(words[0], words.length == 3 ? words[2] : "")));
        }
        if (entries.isEmpty()) {
            throw KvernException.misconfigured(what, "no keys", "at least 1 line: " + EXPECTED);
        }
        return new ApiKeys(entries);
    }

    /** Whom a key stands for. Takes as long for one that is nearly right as for any other. */
    Optional<ApiKey> find(String presented) {
        byte[] digest = sha256(presented);
        Optional<ApiKey> found = Optional.empty();
        for (Entry entry : entries) {
            if (MessageDigest.isEqual(entry.digest, digest)) {
                found = Optional.of(entry.key);
            }
        }
        return found;
    }

    private static byte[] sha256(String text) {
        return Hashing.sha256().hashString(text, StandardCharsets.UTF_8).asBytes();
    }
}
