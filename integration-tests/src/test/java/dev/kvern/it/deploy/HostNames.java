package dev.kvern.it.deploy;

import java.nio.file.Path;

/**
 * What a run calls the things that it makes on the host, so that those of a run that was killed can be told and removed.
 *
 * @param pid the run's JVM
 */
record HostNames(long pid) {
    static final String PREFIX = "kvern-it-";
    static final String BRIDGE_PREFIX = "kvit";

    /** Those of this JVM. */
    static HostNames own() {
        return new HostNames(ProcessHandle.current().pid());
    }

    /** The name of directories, cgroups, and the beginning of those of network namespaces. */
    String run() {
        return PREFIX + pid;
    }

    /** Linux takes 15 characters for an interface. */
    String bridge() {
        return BRIDGE_PREFIX + pid;
    }

    /** The host's end of a pod's interface. */
    String veth(int number) {
        return "kv" + pid + "p" + number;
    }

    String namespace(int number) {
        return run() + "-" + number;
    }

    /** Where all files of the run are that are of no use after it. */
    Path directory() {
        return allDirectories().resolve(run());
    }

    /** Where the directories of all runs are. */
    static Path allDirectories() {
        return Path.of(System.getProperty("java.io.tmpdir"));
    }
}
