package dev.kvern.coordinator.membership;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.PartitionMapVersion;
import dev.kvern.v1.WatchTopologyResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayList;
import java.util.List;

/**
 * The open topology watches. A watcher that does not keep up misses snapshots in between, never the last one. Safe for use
 * by several threads; guarded by this.
 */
final class TopologyFeed {
    private static final int MAX_WATCHES = 10_000;

    private final List<Watch> watches = new ArrayList<>();
    private final Settling settling;
    private MemberList latest = MemberList.EMPTY;
    private boolean closed;

    /** @param settling while it lasts snapshots say so; with its end each watcher gets one more */
    TopologyFeed(Settling settling) {
        this.settling = settling;
        settling.whenSettled(this::flushAll);
    }

    synchronized void changed(MemberList membership) {
        latest = membership;
        flushAll();
    }

    private synchronized void flushAll() {
        watches.forEach(Watch::flush);
    }

    synchronized void add(MemberRole role, ServerCallStreamObserver<WatchTopologyResponse> responses) {
        if (closed) {
            throw new KvernException(ErrorReason.UNAVAILABLE, "the coordinator is stopping (expected: try again)");
        }
        if (watches.size() >= MAX_WATCHES) {
            throw new KvernException(
                    ErrorReason.RESOURCE_EXHAUSTED, "topology watches: " + MAX_WATCHES + " (expected: fewer)");
        }
        var watch = new Watch(role, responses);
        watches.add(watch);
        responses.setOnCancelHandler(() -> remove(watch));
        responses.setOnReadyHandler(() -> flush(watch));
        watch.flush();
    }

    private synchronized void remove(Watch watch) {
        watches.remove(watch);
    }

    private synchronized void flush(Watch watch) {
        watch.flush();
    }

    /** Ends all watches, so that a stopping server need not wait for them. */
    synchronized void close() {
        closed = true;
        for (Watch watch : watches) {
            watch.responses.onCompleted();
        }
        watches.clear();
    }

    /** Guarded by the feed. */
    private final class Watch {
        private final MemberRole role;
        private final ServerCallStreamObserver<WatchTopologyResponse> responses;
        private long sent = -1;
        private boolean sentSettling;
        private PartitionMapVersion sentMap = PartitionMapVersion.getDefaultInstance();

        Watch(MemberRole role, ServerCallStreamObserver<WatchTopologyResponse> responses) {
            this.role = role;
            this.responses = responses;
        }

        void flush() {
            boolean settles = !settling.isSettled();
            if ((latest.revision() <= sent && settles == sentSettling) || !responses.isReady()) {
                return;
            }
            sent = latest.revision();
            sentSettling = settles;
            var response = WatchTopologyResponse.newBuilder().setRevision(sent).setSettling(settles);
            latest.members().stream()
                    .filter(m -> role == MemberRole.MEMBER_ROLE_UNSPECIFIED || m.getRole() == role)
                    .forEach(response::addMembers);
            PartitionMapVersion map = latest.partitionMap().getVersion();
            // Larger than all else here: sent once, and not to who asked for members that own nothing.
            if (role != MemberRole.MEMBER_ROLE_RUNNER && !map.equals(sentMap)) {
                sentMap = map;
                response.setPartitionMap(latest.partitionMap());
            }
            responses.onNext(response.build());
        }
    }
}
