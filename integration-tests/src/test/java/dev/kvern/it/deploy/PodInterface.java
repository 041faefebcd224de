package dev.kvern.it.deploy;

import java.nio.file.Path;

/**
 * A pod's place in the network.
 *
 * @param address its IPv4 address
 * @param namespace the network namespace's name
 * @param veth the host's end of its interface
 */
record PodInterface(String address, String namespace, String veth) {
    /** Where the kernel shows the namespace. */
    Path path() {
        return Path.of("/run/netns", namespace);
    }
}
