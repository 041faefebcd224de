package dev.kvern.launcher;

import dev.kvern.node.IgniteJvmFlags;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The JVM flags of each kind of process: the same files that the kvern script hands to java. */
public final class JvmFlags {
    /** From this version on the JDK warns of native access and of memory beside the heap until told that it is meant. */
    private static final int FIRST_THAT_WARNS = 24;

    private JvmFlags() {}

    /** @param role "node", "runner", "coordinator" or "client" */
    public static List<String> of(String role) {
        var flags = new ArrayList<String>();
        try (InputStream in = JvmFlags.class.getResourceAsStream("jvm/" + role + ".args")) {
            if (in == null) {
                throw new IllegalArgumentException("no JVM flags for " + role);
            }
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .forEach(flags::add);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        if (role.equals("node")) {
            flags.addAll(IgniteJvmFlags.list());
        }
        if (Runtime.version().feature() >= FIRST_THAT_WARNS) {
            flags.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        }
        return flags;
    }
}
