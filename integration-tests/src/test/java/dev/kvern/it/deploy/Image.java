package dev.kvern.it.deploy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * An image, unpacked.
 *
 * @param origin where it comes from, for people
 * @param root its root directory, which containers see read-only
 * @param mounts what else belongs to its file system
 * @param user UID, UID:GID or empty
 */
record Image(
        String origin,
        Path root,
        List<Mount> mounts,
        List<String> entrypoint,
        List<String> command,
        Map<String, String> environment,
        String workingDirectory,
        String user) {}
