package dev.kvern.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.MatchResponse;
import dev.kvern.v1.StatsRequest;
import dev.kvern.v1.StatsResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GrpcServerTest {
    /** Fails in the two ways a service can. */
    private static final class Failing extends BlockStoreServiceGrpc.BlockStoreServiceImplBase {
        @Override
        public void match(MatchRequest request, StreamObserver<MatchResponse> out) {
            throw KvernException.invalid("keys", 0, "at least 1");
        }

        @Override
        public void stats(StatsRequest request, StreamObserver<StatsResponse> out) {
            out.onError(KvernException.exhausted("queue: 5 waiting (expected: at most 4)", 250));
        }
    }

    private final GrpcServer server = GrpcServer.start("127.0.0.1", 0, Runnable::run, List.of(new Failing()));
    private ManagedChannel channel;

    @BeforeEach
    void connect() {
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() throws InterruptedException {
        channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        server.close();
    }

    @Test
    void aThrownFailureArrivesWithItsReasonAndMessage() {
        var stub = BlockStoreServiceGrpc.newBlockingStub(channel);
        var e = catchThrowableOfType(StatusRuntimeException.class, () -> stub.match(MatchRequest.getDefaultInstance()));
        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(e.getStatus().getDescription()).isEqualTo("keys: 0 (expected: at least 1)");
        assertThat(e.getTrailers().containsKey(Failures.RETRY_AFTER_MILLIS)).isFalse();
    }

    @Test
    void aFailurePassedToTheObserverArrivesWithItsReason() {
        var stub = BlockStoreServiceGrpc.newBlockingStub(channel);
        var e = catchThrowableOfType(StatusRuntimeException.class, () -> stub.stats(StatsRequest.getDefaultInstance()));
        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(e.getStatus().getDescription()).isEqualTo("queue: 5 waiting (expected: at most 4)");
        assertThat(e.getTrailers().get(Failures.RETRY_AFTER_MILLIS)).isEqualTo("250");
    }

    @Test
    void healthFollowsServing() {
        var health = HealthGrpc.newBlockingStub(channel);
        assertThat(health.check(HealthCheckRequest.getDefaultInstance()).getStatus())
                .isEqualTo(ServingStatus.NOT_SERVING);
        server.serving(true);
        assertThat(health.check(HealthCheckRequest.newBuilder()
                                .setService("kvern.v1.BlockStoreService")
                                .build())
                        .getStatus())
                .isEqualTo(ServingStatus.SERVING);
        assertThat(health.check(HealthCheckRequest.getDefaultInstance()).getStatus())
                .isEqualTo(ServingStatus.SERVING);
    }

    @Test
    void reflectionNamesTheServicesAndTheirFile() throws Exception {
        var answers = new LinkedBlockingQueue<ServerReflectionResponse>();
        var questions = ServerReflectionGrpc.newStub(channel).serverReflectionInfo(new StreamObserver<>() {
            @Override
            public void onNext(ServerReflectionResponse answer) {
                answers.add(answer);
            }

            @Override
            public void onError(Throwable t) {}

            @Override
            public void onCompleted() {}
        });
        questions.onNext(
                ServerReflectionRequest.newBuilder().setListServices("").build());
        assertThat(answers.poll(20, TimeUnit.SECONDS).getListServicesResponse().getServiceList())
                .extracting(ServiceResponse::getName)
                .contains("kvern.v1.BlockStoreService", "grpc.health.v1.Health");
        questions.onNext(ServerReflectionRequest.newBuilder()
                .setFileContainingSymbol("kvern.v1.BlockStoreService")
                .build());
        assertThat(answers.poll(20, TimeUnit.SECONDS)
                        .getFileDescriptorResponse()
                        .getFileDescriptorProtoCount())
                .isPositive();
        questions.onCompleted();
    }

    @Test
    void aHostWithoutAnAddressIsNamed() {
        assertThatThrownBy(() -> GrpcServer.start("no-such-host.invalid", 0, Runnable::run, List.of()))
                .isInstanceOf(KvernException.class)
                .hasMessageContaining("no-such-host.invalid:0: UnresolvedAddress")
                .hasMessageContaining("expected: an address of this machine and a free port");
    }

    @Test
    void aPortInUseIsNamed() {
        assertThatThrownBy(() -> GrpcServer.start("127.0.0.1", server.port(), Runnable::run, List.of()))
                .isInstanceOf(KvernException.class)
                .hasMessageContaining("127.0.0.1:" + server.port())
                .hasMessageContaining("expected: an address of this machine and a free port");
    }

    @Test
    void aUnixSocketServesWhatThePortDoes(@TempDir Path directory) throws IOException {
        Path socket = directory.resolve("node.sock");
        ManagedChannel near = GrpcChannels.open(GrpcChannels.UNIX_SCHEME + socket);
        try (var both =
                GrpcServer.start("127.0.0.1", 0, socket.toString(), Runnable::run, Set.of(), List.of(new Failing()))) {
            both.serving(true);
            assertThat(statusOf(near)).isEqualTo(ServingStatus.SERVING);
            assertThatThrownBy(() -> GrpcServer.start(
                            "127.0.0.1", 0, socket.toString(), Runnable::run, Set.of(), List.of(new Failing())))
                    .hasMessageContaining(socket.toString())
                    .hasMessageContaining("another process listens there");
            assertThat(statusOf(near)).isEqualTo(ServingStatus.SERVING);
        } finally {
            near.shutdownNow();
        }
        assertThat(socket).doesNotExist();
    }

    @Test
    void aSocketLeftBehindIsReplacedAndAFileIsNot(@TempDir Path directory) throws IOException {
        Path socket = directory.resolve("node.sock");
        try (var left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();
        GrpcServer.start("127.0.0.1", 0, socket.toString(), Runnable::run, Set.of(), List.of(new Failing()))
                .close();
        Files.writeString(socket, "somebody's text");
        assertThatThrownBy(() -> GrpcServer.start(
                        "127.0.0.1", 0, socket.toString(), Runnable::run, Set.of(), List.of(new Failing())))
                .hasMessageContaining("is no socket");
        assertThat(socket).hasContent("somebody's text");
        assertThatThrownBy(() -> GrpcServer.start(
                        "127.0.0.1",
                        0,
                        directory.resolve("x".repeat(120)).toString(),
                        Runnable::run,
                        Set.of(),
                        List.of()))
                .hasMessageContaining("at most 107 bytes");
    }

    private static ServingStatus statusOf(ManagedChannel channel) {
        return HealthGrpc.newBlockingStub(channel)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus();
    }
}
