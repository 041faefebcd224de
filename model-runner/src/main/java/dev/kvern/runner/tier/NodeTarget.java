package dev.kvern.runner.tier;

import dev.kvern.rpc.GrpcChannels;
import dev.kvern.v1.Member;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where a cache node is best reached from this machine. Stateless. */
public final class NodeTarget {
    private NodeTarget() {}

    /** Its Unix domain socket if that is on this machine, else its address. */
    public static String of(Member node) {
        String socket = node.getUnixSocket();
        return !socket.isEmpty() && Files.isWritable(Path.of(socket))
                ? GrpcChannels.UNIX_SCHEME + socket
                : node.getAddress();
    }
}
