package dev.kvern.node;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a JVM that runs a cache node must be started with: Ignite 2.18 reaches into the JDK. Its list is ignite-jvm-flags.txt. */
public final class IgniteJvmFlags {
    private IgniteJvmFlags() {}

    /** The flags, each a word of the command line. */
    public static List<String> list() {
        try (InputStream in = IgniteJvmFlags.class.getResourceAsStream("ignite-jvm-flags.txt")) {
            if (in == null) {
                throw new IllegalStateException("no resource ignite-jvm-flags.txt");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
