package dev.kvern.runner.tier;

import dev.kvern.rpc.GrpcChannels;
import dev.kvern.v1.Member;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A cache node as this machine reaches it best.
 *
 * @param memberId its id in the cluster, by which partition maps name it; empty if only its address is known
 * @param target what a channel is opened to
 */
public record NodeTarget(String memberId, String target) {
    /** A member: by its Unix domain socket if that is on this machine, else by its address. */
    public static NodeTarget of(Member node) {
        String socket = node.getUnixSocket();
        return new NodeTarget(
                node.getId(),
                !socket.isEmpty() && Files.isWritable(Path.of(socket))
                        ? GrpcChannels.UNIX_SCHEME + socket
                        : node.getAddress());
    }

    /** A node of which nothing but its address is known: never asked because it owns a key, only in turn. */
    public static NodeTarget at(String target) {
        return new NodeTarget("", target);
    }
}
