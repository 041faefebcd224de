package dev.kvern.it.deploy;

import java.nio.file.Path;

/**
 * A file or directory of the host, seen in a container.
 *
 * @param target absolute path in the container
 */
record Mount(Path source, String target, boolean readOnly) {}
