package dev.kvern.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import dev.kvern.cluster.MapVersion;
import dev.kvern.config.ConfigException;
import dev.kvern.v1.AllBlocksCleared;
import dev.kvern.v1.BlocksStored;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.DeregisterRequest;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.GetClusterStatsRequest;
import dev.kvern.v1.KvEvent;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.PartitionMap;
import dev.kvern.v1.PublishKvEventsRequest;
import dev.kvern.v1.PublishKvEventsResponse;
import dev.kvern.v1.RegisterRequest;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.WatchTopologyRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Scanner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CoordinatorProcessTest {
    /** Most tests are of one that knows who is there, and nobody is lost because a busy machine keeps a test waiting. */
    private static final List<String> PORTS = List.of(
            "listen.grpc_port=0", "listen.http_port=0", "membership.lease_millis=60000", "membership.settle_millis=0");

    private final CoordinatorProcess process = start(PORTS);
    private final ManagedChannel channel = connect(process);
    private final ClusterServiceGrpc.ClusterServiceBlockingStub cluster = ClusterServiceGrpc.newBlockingStub(channel);
    private final HttpClient http = HttpClient.newHttpClient();

    private static CoordinatorProcess start(List<String> settings) {
        try {
            return CoordinatorProcess.start(
                    CoordinatorConfig.loader().load(null, settings).config());
        } catch (ConfigException e) {
            throw new AssertionError(e);
        }
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        process.close();
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + process.httpPort() + path))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private void addRunner() {
        cluster.register(RegisterRequest.newBuilder()
                .setMember(Members.runner("a", System.currentTimeMillis()))
                .build());
        cluster.heartbeat(Members.beat(
                "a",
                RunnerLoad.newBuilder()
                        .setRequestedTokens(100)
                        .setCachedLocalTokens(30)
                        .setCachedHostTokens(8)
                        .setCachedClusterTokens(12)
                        .setComputedTokens(50)));
    }

    @Test
    void saysThatItLivesAndIsReady() throws IOException, InterruptedException {
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
        assertThat(get("/readyz").statusCode()).isEqualTo(200);
        assertThat(get("/nowhere").statusCode()).isEqualTo(404);
        assertThat(HealthGrpc.newBlockingStub(channel)
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus())
                .isEqualTo(ServingStatus.SERVING);
    }

    @Test
    void aHitRateIsUnknownBeforeTheFirstTokenAndThenItsParts() throws IOException, InterruptedException {
        JsonNode before = new ObjectMapper().readTree(get("/api/state").body());
        assertThat(before.at("/totals/hit_rate").isNull()).isTrue();
        assertThat(before.at("/members").isEmpty()).isTrue();
        addRunner();
        JsonNode after = new ObjectMapper().readTree(get("/api/state").body());
        assertThat(after.at("/totals/hit_rate").asDouble()).isEqualTo(0.5);
        assertThat(after.at("/totals/tokens_saved").asLong()).isEqualTo(50);
        assertThat(after.at("/members/0/id").asText()).isEqualTo("a");
        assertThat(after.at("/members/0/runner/computed_tokens").asLong()).isEqualTo(50);
        assertThat(after.at("/members/0/models/0").asText()).isEqualTo("demo");
    }

    @Test
    void metricsAddUpToWhatWasRequested() throws IOException, InterruptedException {
        addRunner();
        String text = get("/metrics").body();
        assertThat(text)
                .contains(
                        "kvern_prompt_tokens_requested_total 100.0",
                        "kvern_prompt_tokens_total{source=\"local\"} 30.0",
                        "kvern_prompt_tokens_total{source=\"host\"} 8.0",
                        "kvern_prompt_tokens_total{source=\"cluster\"} 12.0",
                        "kvern_prompt_tokens_total{source=\"computed\"} 50.0",
                        "kvern_member_up{id=\"a\",role=\"runner\"} 1.0");
        cluster.deregister(DeregisterRequest.newBuilder().setMemberId("a").build());
        assertThat(get("/metrics").body())
                .doesNotContain("kvern_member_up{id=\"a\"")
                .contains("kvern_prompt_tokens_requested_total 100.0");
    }

    @Test
    void whatFailedIsInTheLogWithItsDetailAndAmongTheEvents() throws IOException, InterruptedException {
        assertThatThrownBy(() -> generate("id/with?slash")).hasMessageContaining("UNAVAILABLE");
        addRunner();
        assertThatThrownBy(() -> generate("refused")).hasMessageContaining("NOT_FOUND");
        JsonNode requests =
                new ObjectMapper().readTree(get("/api/requests?limit=2").body());
        assertThat(requests.at("/0/request_id").asText()).isEqualTo("refused");
        assertThat(requests.at("/0/outcome").asText()).isEqualTo("refused");
        assertThat(requests.at("/1/request_id").asText()).isEqualTo("id/with?slash");
        assertThat(requests.at("/1/outcome").asText()).isEqualTo("failed");
        assertThat(get("/api/requests?before=1").body()).isEqualTo("[]");
        JsonNode detail = new ObjectMapper()
                .readTree(get("/api/requests/id%2Fwith%3Fslash").body());
        assertThat(detail.at("/error").asText()).contains("no runner is up");
        assertThat(detail.at("/spans").isArray()).isTrue();
        assertThat(get("/api/requests/id%2Fwith%3Fslash?seq=1").statusCode()).isEqualTo(200);
        assertThat(get("/api/requests/id%2Fwith%3Fslash?seq=2").statusCode()).isEqualTo(404);
        assertThat(get("/api/requests/other").statusCode()).isEqualTo(404);
        JsonNode events = new ObjectMapper().readTree(get("/api/events").body());
        assertThat(events).hasSize(2);
        assertThat(events.at("/0/text").asText()).isEqualTo("joined at a:1");
        assertThat(events.at("/1/subject").asText()).isEqualTo("id/with?slash");
        assertThat(new ObjectMapper()
                        .readTree(get("/api/prefixes").body())
                        .at("/prefixes")
                        .isArray())
                .isTrue();
    }

    private GenerateResponse generate(String id) {
        return GenerationServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .generate(GenerateRequest.newBuilder()
                        .setRequestId(id)
                        .setModel("no such")
                        .build())
                .next();
    }

    @Test
    void aPasswordIsAskedForWhereThereIsOneAndOnlyForThePage(@TempDir Path directory)
            throws IOException, InterruptedException {
        Path file = Files.writeString(directory.resolve("password"), "ops:a:b\n");
        var settings = new ArrayList<>(PORTS);
        settings.add("dashboard.password_file=" + file);
        settings.add("dashboard.playground=false");
        try (CoordinatorProcess asking = start(settings)) {
            String address = "http://127.0.0.1:" + asking.httpPort();
            for (String path : List.of("/", "/js/main.js", "/api/state", "/api/stream", "/api/requests/x")) {
                assertThat(status(address + path, "")).as(path).isEqualTo(401);
                assertThat(status(address + path, "ops:wrong")).as(path).isEqualTo(401);
            }
            for (String path : List.of("/", "/js/main.js", "/api/state")) {
                assertThat(status(address + path, "ops:a:b")).as(path).isEqualTo(200);
            }
            assertThat(status(address + "/metrics", "")).isEqualTo(200);
            assertThat(status(address + "/healthz", "")).isEqualTo(200);
            assertThat(status(address + "/api/playground", "ops:a:b")).as("off").isEqualTo(404);
        }
        Files.writeString(file, "no colon");
        assertThatThrownBy(() -> start(settings)).hasMessageContaining("one line, USER:PASSWORD");
        settings.set(PORTS.size(), "dashboard.password_file=" + directory.resolve("absent"));
        assertThatThrownBy(() -> start(settings)).hasMessageContaining("a file that can be read");
    }

    private int status(String address, String userAndPassword) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address));
        if (!userAndPassword.isEmpty()) {
            String word = Base64.getEncoder().encodeToString(userAndPassword.getBytes(StandardCharsets.UTF_8));
            request.header("Authorization", "Basic " + word);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void theLiveStreamSendsStateAndPoints() throws IOException, InterruptedException {
        addRunner();
        HttpResponse<InputStream> stream = http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + process.httpPort() + "/api/stream"))
                        .header("Accept", "text/event-stream")
                        .build(),
                HttpResponse.BodyHandlers.ofInputStream());
        try (var lines = new Scanner(stream.body(), StandardCharsets.UTF_8)) {
            boolean state = false;
            boolean point = false;
            while (!(state && point)) {
                String line = lines.nextLine();
                state |= line.startsWith("event: state");
                point |= line.startsWith("event: point");
            }
        }
        JsonNode history = new ObjectMapper().readTree(get("/api/history").body());
        assertThat(history.at("/points/0/requested").isNumber()).isTrue();
    }

    @Test
    void watchersSeeMembersComeAndGo() {
        var watch = cluster.withDeadlineAfter(30, TimeUnit.SECONDS)
                .watchTopology(WatchTopologyRequest.newBuilder()
                        .setRole(MemberRole.MEMBER_ROLE_RUNNER)
                        .build());
        assertThat(watch.next().getMembersList()).isEmpty();
        addRunner();
        assertThat(watch.next().getMembers(0).getId()).isEqualTo("a");
    }

    /** One that has just started, and knows after so long who is there. */
    private static CoordinatorProcess startSettling(int settleMillis) {
        var settings = new ArrayList<>(PORTS.subList(0, PORTS.size() - 1));
        settings.addAll(List.of("membership.quiet_millis=200", "membership.settle_millis=" + settleMillis));
        return start(settings);
    }

    @Test
    void isReadyWhenItHasHeardWhoIsThere() throws IOException, InterruptedException {
        try (CoordinatorProcess young = startSettling(600_000)) {
            String probe = "http://127.0.0.1:" + young.httpPort();
            ManagedChannel toYoung = connect(young);
            try {
                assertThat(status(probe + "/healthz", "")).isEqualTo(200);
                assertThat(status(probe + "/readyz", "")).isEqualTo(503);
                assertThat(health(toYoung)).isEqualTo(ServingStatus.NOT_SERVING);
                var members = ClusterServiceGrpc.newBlockingStub(toYoung).withDeadlineAfter(30, TimeUnit.SECONDS);
                var watch = members.watchTopology(WatchTopologyRequest.getDefaultInstance());
                assertThat(watch.next().getSettling()).isTrue();
                members.register(RegisterRequest.newBuilder()
                        .setMember(Members.runner("a"))
                        .build());
                var joined = watch.next();
                assertThat(joined.getSettling()).isTrue();
                assertThat(joined.getMembersCount()).isEqualTo(1);
                ClusterServiceGrpc.newStub(toYoung)
                        .publishKvEvents(new Ignored())
                        .onNext(PublishKvEventsRequest.newBuilder()
                                .setRunnerId("a")
                                .setReplayed(true)
                                .build());
                while (health(toYoung) != ServingStatus.SERVING) {
                    Thread.onSpinWait();
                }
                assertThat(status(probe + "/readyz", "")).isEqualTo(200);
            } finally {
                toYoung.shutdownNow();
            }
        }
    }

    @Test
    void saysToWatchersThatItHasSettled() {
        try (CoordinatorProcess young = startSettling(1_000)) {
            ManagedChannel toYoung = connect(young);
            try {
                var watch = ClusterServiceGrpc.newBlockingStub(toYoung)
                        .withDeadlineAfter(30, TimeUnit.SECONDS)
                        .watchTopology(WatchTopologyRequest.getDefaultInstance());
                while (watch.next().getSettling()) {}
            } finally {
                toYoung.shutdownNow();
            }
        }
    }

    private static ManagedChannel connect(CoordinatorProcess to) {
        return NettyChannelBuilder.forTarget("127.0.0.1:" + to.grpcPort())
                .usePlaintext()
                .build();
    }

    private static final class Ignored implements StreamObserver<PublishKvEventsResponse> {
        @Override
        public void onNext(PublishKvEventsResponse response) {}

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {}
    }

    private static ServingStatus health(ManagedChannel channel) {
        return HealthGrpc.newBlockingStub(channel)
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus();
    }

    @Test
    void watchersOfNodesGetAMapOnceAndOthersNone() {
        var version = new MapVersion(1, 2, 3).toMessage();
        var map = PartitionMap.newBuilder().setVersion(version).addNodeIds("n").build();
        var watch = cluster.withDeadlineAfter(30, TimeUnit.SECONDS);
        var ofNodes = watch.watchTopology(WatchTopologyRequest.newBuilder()
                .setRole(MemberRole.MEMBER_ROLE_NODE)
                .build());
        var ofRunners = watch.watchTopology(WatchTopologyRequest.newBuilder()
                .setRole(MemberRole.MEMBER_ROLE_RUNNER)
                .build());
        assertThat(ofNodes.next().hasPartitionMap()).isFalse();
        assertThat(ofRunners.next().hasPartitionMap()).isFalse();
        cluster.register(
                RegisterRequest.newBuilder().setMember(Members.node("n")).build());
        assertThat(ofNodes.next().getMembersCount()).isEqualTo(1);
        assertThat(ofRunners.next().hasPartitionMap()).isFalse();
        cluster.heartbeat(Members.beat("n").toBuilder().setPartitionMap(map).build());
        assertThat(ofNodes.next().getPartitionMap()).isEqualTo(map);
        assertThat(ofRunners.next().hasPartitionMap()).isFalse();
        addRunner();
        assertThat(ofNodes.next().hasPartitionMap()).isFalse();
        assertThat(ofRunners.next().getMembersCount()).isEqualTo(1);
    }

    @Test
    void aGapInAStreamOfEventsEndsIt() throws Exception {
        var failure = new CompletableFuture<Status>();
        StreamObserver<PublishKvEventsRequest> events = ClusterServiceGrpc.newStub(channel)
                .publishKvEvents(new StreamObserver<>() {
                    @Override
                    public void onNext(PublishKvEventsResponse response) {}

                    @Override
                    public void onError(Throwable t) {
                        failure.complete(Status.fromThrowable(t));
                    }

                    @Override
                    public void onCompleted() {
                        failure.complete(Status.OK);
                    }
                });
        events.onNext(PublishKvEventsRequest.newBuilder()
                .setRunnerId("a")
                .setSequence(0)
                .addEvents(KvEvent.newBuilder().setCleared(AllBlocksCleared.getDefaultInstance()))
                .build());
        events.onNext(PublishKvEventsRequest.newBuilder()
                .setRunnerId("a")
                .setSequence(2)
                .build());
        Status status = failure.get(30, TimeUnit.SECONDS);
        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).contains("sequence: 2 (expected: 1; open a new stream)");
    }

    @Test
    void whatARunnerSaysAfterItHasLeftIsForgottenWithItsStream() throws Exception {
        addRunner();
        var ended = new CompletableFuture<Void>();
        StreamObserver<PublishKvEventsRequest> events = ClusterServiceGrpc.newStub(channel)
                .publishKvEvents(new StreamObserver<>() {
                    @Override
                    public void onNext(PublishKvEventsResponse response) {}

                    @Override
                    public void onError(Throwable t) {
                        ended.completeExceptionally(t);
                    }

                    @Override
                    public void onCompleted() {
                        ended.complete(null);
                    }
                });
        events.onNext(stored(0, 1));
        cluster.deregister(DeregisterRequest.newBuilder().setMemberId("a").build());
        events.onNext(stored(1, 2));
        events.onCompleted();
        ended.get(30, TimeUnit.SECONDS);
        assertThat(get("/metrics").body()).contains("kvern_index_blocks 0.0");
    }

    private static PublishKvEventsRequest stored(long sequence, int block) {
        return PublishKvEventsRequest.newBuilder()
                .setRunnerId("a")
                .setSequence(sequence)
                .addEvents(KvEvent.newBuilder()
                        .setStored(BlocksStored.newBuilder()
                                .setNamespace(ByteString.copyFrom(new byte[32]))
                                .addDigests(ByteString.copyFrom(new byte[31])
                                        .concat(ByteString.copyFrom(new byte[] {(byte) block})))))
                .build();
    }

    @Test
    void aPortInUseIsNamed() {
        assertThatThrownBy(() -> start(List.of("listen.grpc_port=0", "listen.http_port=" + process.httpPort())))
                .hasMessageContaining("listen.http_port: " + process.httpPort());
        assertThatThrownBy(() -> start(List.of("listen.grpc_port=" + process.grpcPort(), "listen.http_port=0")))
                .hasMessageContaining(String.valueOf(process.grpcPort()));
        assertThatThrownBy(() ->
                        start(List.of("listen.host=no-such-host.invalid", "listen.grpc_port=0", "listen.http_port=0")))
                .hasMessageContaining("no-such-host.invalid: no such host");
        assertThat(cluster.getClusterStats(GetClusterStatsRequest.getDefaultInstance())
                        .getMembersList())
                .isEmpty();
    }
}
