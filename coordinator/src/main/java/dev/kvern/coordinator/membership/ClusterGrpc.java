package dev.kvern.coordinator.membership;

import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.DeregisterRequest;
import dev.kvern.v1.DeregisterResponse;
import dev.kvern.v1.GetClusterStatsRequest;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.HeartbeatResponse;
import dev.kvern.v1.PublishKvEventsRequest;
import dev.kvern.v1.PublishKvEventsResponse;
import dev.kvern.v1.RegisterRequest;
import dev.kvern.v1.RegisterResponse;
import dev.kvern.v1.WatchTopologyRequest;
import dev.kvern.v1.WatchTopologyResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;

/** ClusterService over the registry and the prefix index. Safe for use by several threads. */
public final class ClusterGrpc extends ClusterServiceGrpc.ClusterServiceImplBase {
    private final MemberRegistry members;
    private final MembershipLimits limits;
    private final PrefixIndex index;
    private final Supplier<GetClusterStatsResponse> stats;
    private final Settling settling;
    private final TopologyFeed feed;

    /**
     * @param settling what watchers are told of the first moments; told what the index has by then
     * @param stats the cluster's figures now
     */
    public ClusterGrpc(
            MemberRegistry members,
            MembershipLimits limits,
            Settling settling,
            PrefixIndex index,
            Supplier<GetClusterStatsResponse> stats) {
        this.members = members;
        this.limits = limits;
        this.index = index;
        this.stats = stats;
        this.settling = settling;
        this.feed = new TopologyFeed(settling);
        members.onChange(feed::changed);
    }

    @Override
    public void register(RegisterRequest request, StreamObserver<RegisterResponse> responses) {
        members.register(request.getMember());
        if (request.hasPartitionMap()) {
            members.learn(request.getMember().getId(), request.getPartitionMap());
        }
        responses.onNext(RegisterResponse.newBuilder()
                .setHeartbeatIntervalMillis(limits.heartbeatMillis())
                .setLeaseMillis(limits.leaseMillis())
                .build());
        responses.onCompleted();
    }

    @Override
    public void heartbeat(HeartbeatRequest request, StreamObserver<HeartbeatResponse> responses) {
        members.heartbeat(request);
        if (request.hasPartitionMap()) {
            members.learn(request.getMemberId(), request.getPartitionMap());
        }
        responses.onNext(HeartbeatResponse.getDefaultInstance());
        responses.onCompleted();
    }

    @Override
    public void deregister(DeregisterRequest request, StreamObserver<DeregisterResponse> responses) {
        members.deregister(request.getMemberId());
        responses.onNext(DeregisterResponse.getDefaultInstance());
        responses.onCompleted();
    }

    @Override
    public void watchTopology(WatchTopologyRequest request, StreamObserver<WatchTopologyResponse> responses) {
        feed.add(request.getRole(), (ServerCallStreamObserver<WatchTopologyResponse>) responses);
    }

    @Override
    public StreamObserver<PublishKvEventsRequest> publishKvEvents(StreamObserver<PublishKvEventsResponse> responses) {
        return new KvEventStream(index, id -> members.current().find(id).isPresent(), settling, responses);
    }

    @Override
    public void getClusterStats(GetClusterStatsRequest request, StreamObserver<GetClusterStatsResponse> responses) {
        responses.onNext(stats.get());
        responses.onCompleted();
    }

    /** Ends the open watches. */
    public void close() {
        feed.close();
    }
}
