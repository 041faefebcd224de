package dev.kvern.it.deploy;

import dev.kvern.it.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Stands in for Kvern's images where they have not been built: this machine's own system and JVM, and Kvern as built, all
 * read-only, laid out and started as in the images.
 */
final class HostImage {
    private static final Path DISTRIBUTION = Source.ROOT.resolve("launcher/target/dist");

    private HostImage() {}

    /**
     * @param role node, coordinator or runner
     * @param root a directory that becomes the root
     */
    static Image of(String role, Path root) {
        try {
            String ignite = role.equals("node") ? " @/opt/kvern/jvm/ignite-jvm-flags.txt" : "";
            return new Image(
                    "this machine's system, not built by jib",
                    skeleton(root),
                    mounts(),
                    List.of(
                            "/opt/java/bin/java",
                            "-Dkvern.home=/opt/kvern",
                            "-cp",
                            "/opt/kvern/libs/*",
                            "dev.kvern.launcher.Kvern",
                            role),
                    List.of(),
                    Map.of(
                            "PATH",
                            "/usr/bin:/bin",
                            "LC_ALL",
                            "C.UTF-8",
                            "DJL_CACHE_DIR",
                            "/tmp/djl",
                            "JDK_JAVA_OPTIONS",
                            "@/opt/kvern/jvm/" + role + ".args" + ignite),
                    "/",
                    "10001:10001");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Mount points, links such as /lib, and the few files of /etc that programs look for. */
    private static Path skeleton(Path root) throws IOException {
        for (String name : List.of(
                "usr",
                "etc",
                "opt/java",
                "opt/kvern/libs",
                "opt/kvern/jvm",
                "tmp",
                "proc",
                "dev",
                "sys",
                "var/lib/kvern",
                "models")) {
            Files.createDirectories(root.resolve(name));
        }
        Files.writeString(root.resolve("etc/passwd"), "root:x:0:0::/:/\nkvern:x:10001:10001::/:/\n");
        Files.writeString(root.resolve("etc/group"), "root:x:0:\nkvern:x:10001:\n");
        for (String name : List.of("bin", "lib", "lib64", "sbin")) {
            Path link = Path.of("/", name);
            Path own = root.resolve(name);
            if (Files.isSymbolicLink(link) && !Files.exists(own, LinkOption.NOFOLLOW_LINKS)) {
                Files.createSymbolicLink(own, Files.readSymbolicLink(link));
            }
        }
        return root;
    }

    private static List<Mount> mounts() throws IOException {
        var mounts = new ArrayList<Mount>();
        mounts.add(readOnly(Path.of("/usr"), "/usr"));
        for (String name : List.of("/bin", "/lib", "/lib64", "/sbin")) {
            if (Files.isDirectory(Path.of(name)) && !Files.isSymbolicLink(Path.of(name))) {
                mounts.add(readOnly(Path.of(name), name));
            }
        }
        // Debian keeps a JVM's configuration there, and the loader its cache.
        try (Stream<Path> files = Files.list(Path.of("/etc"))) {
            files.filter(file -> file.getFileName().toString().matches("java-.*|ld\\.so\\..*|ssl"))
                    .forEach(file -> mounts.add(readOnly(file, file.toString())));
        }
        mounts.add(readOnly(Path.of(System.getProperty("java.home")), "/opt/java"));
        mounts.add(readOnly(DISTRIBUTION.resolve("lib"), "/opt/kvern/libs"));
        mounts.add(readOnly(DISTRIBUTION.resolve("jvm"), "/opt/kvern/jvm"));
        return mounts;
    }

    private static Mount readOnly(Path source, String target) {
        return new Mount(source, target, true);
    }
}
