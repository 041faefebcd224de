package dev.kvern.launcher;

import dev.kvern.rpc.HostPort;
import dev.kvern.v1.CacheAdminServiceGrpc;
import dev.kvern.v1.CacheAdminServiceGrpc.CacheAdminServiceBlockingStub;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.GetClusterStatsRequest;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.MemberStats;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The cache nodes that a command talks to: one that is named, or whichever the coordinator knows. Confined to a thread. */
final class CacheTarget {
    private static final long LOOK_SECONDS = 10;

    @Mixin
    private TargetOption coordinator = new TargetOption();

    @Option(
            names = "--node",
            paramLabel = "HOST:PORT",
            description = "gRPC address of a cache node to ask; left out: any that the coordinator knows.")
    private @Nullable String node;

    /** Whether a node was named by its address. */
    boolean namesNode() {
        return node != null;
    }

    /**
     * Asks the node that was named; otherwise one that is up, and where that cannot be reached the next.
     *
     * @param seconds longest wait for an answer
     */
    <T> T ask(long seconds, Function<CacheAdminServiceBlockingStub, T> question) {
        if (node != null) {
            return askAt("--node", node, seconds, question);
        }
        List<Member> up = nodes().stream()
                .filter(member -> member.getState() == MemberState.MEMBER_STATE_UP)
                .toList();
        if (up.isEmpty()) {
            throw Status.UNAVAILABLE
                    .withDescription("no cache node is up (expected: one that the coordinator at " + coordinator
                            + " knows, or --node HOST:PORT)")
                    .asRuntimeException();
        }
        StatusRuntimeException last = null;
        for (Member member : up) {
            try {
                return askAt("node " + member.getId(), member.getAddress(), seconds, question);
            } catch (StatusRuntimeException e) {
                if (e.getStatus().getCode() != Status.Code.UNAVAILABLE) {
                    throw e;
                }
                last = e;
            }
        }
        throw last == null ? new IllegalStateException("no node was asked") : last;
    }

    /** Asks the member of this id and no other. */
    <T> T ask(String id, long seconds, Function<CacheAdminServiceBlockingStub, T> question) {
        List<Member> nodes = nodes();
        Member member = nodes.stream()
                .filter(each -> each.getId().equals(id))
                .findFirst()
                .orElseThrow(() -> new UsageException("NODE: '" + id + "' (expected: one of "
                        + nodes.stream().map(Member::getId).toList() + ")"));
        return askAt("node " + id, member.getAddress(), seconds, question);
    }

    private static <T> T askAt(
            String what, String address, long seconds, Function<CacheAdminServiceBlockingStub, T> question) {
        if (!HostPort.isValid(address)) {
            throw new UsageException(what + ": '" + address + "' (expected: HOST:PORT)");
        }
        ManagedChannel channel =
                NettyChannelBuilder.forTarget(address).usePlaintext().build();
        try {
            return question.apply(
                    CacheAdminServiceGrpc.newBlockingStub(channel).withDeadlineAfter(seconds, TimeUnit.SECONDS));
        } finally {
            channel.shutdownNow();
        }
    }

    private List<Member> nodes() {
        ManagedChannel channel = coordinator.connect();
        try {
            return ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(LOOK_SECONDS, TimeUnit.SECONDS)
                    .getClusterStats(GetClusterStatsRequest.getDefaultInstance())
                    .getMembersList()
                    .stream()
                    .map(MemberStats::getMember)
                    .filter(member -> member.getRole() == MemberRole.MEMBER_ROLE_NODE)
                    .toList();
        } finally {
            channel.shutdownNow();
        }
    }

    /** Asks the coordinator, or the runner that was given in its place. */
    <T> T askRunner(Function<GenerationServiceGrpc.GenerationServiceBlockingStub, T> question) {
        ManagedChannel channel = coordinator.connect();
        try {
            return question.apply(
                    GenerationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(LOOK_SECONDS, TimeUnit.SECONDS));
        } finally {
            channel.shutdownNow();
        }
    }
}
