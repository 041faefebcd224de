package dev.kvern.it.deploy;

import java.nio.file.Path;

/**
 * A file or directory of the host, seen in a container.
 *
 * @param target absolute path in the container
 * @param noExec whether programs and libraries that lie there cannot be run
 */
record Mount(Path source, String target, boolean readOnly, boolean noExec) {
    Mount(Path source, String target, boolean readOnly) {
        this(source, target, readOnly, false);
    }

    /** How it is mounted, as mount(8) has it. */
    String options() {
        return (readOnly ? "ro" : "rw") + (noExec ? ",noexec" : "");
    }
}
