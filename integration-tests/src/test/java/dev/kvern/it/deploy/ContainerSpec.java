package dev.kvern.it.deploy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A container to be run: all that its manifest, its image and its pod decide.
 *
 * @param id unique over all containers of a run, a file name
 * @param arguments the whole command line
 * @param groups supplementary ones
 * @param newPrivileges whether processes may gain privileges
 * @param capabilities such as CAP_NET_BIND_SERVICE
 * @param memoryBytes limit, 0 for none
 * @param cpuMillis limit, 0 for none
 * @param network the pod's
 * @param log a file that all output is added to
 */
record ContainerSpec(
        String id,
        Image image,
        List<String> arguments,
        Map<String, String> environment,
        String workingDirectory,
        long user,
        long group,
        List<Long> groups,
        boolean readOnlyRoot,
        boolean newPrivileges,
        List<String> capabilities,
        List<Mount> mounts,
        long memoryBytes,
        long cpuMillis,
        String hostname,
        PodInterface network,
        Path log) {}
