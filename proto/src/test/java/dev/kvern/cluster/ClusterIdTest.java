package dev.kvern.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.rpc.GrpcServer;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.RegisterRequest;
import dev.kvern.v1.RegisterResponse;
import io.grpc.ManagedChannel;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClusterIdTest {
    /** Takes everybody who gets this far. */
    private static final class Coordinator extends ClusterServiceGrpc.ClusterServiceImplBase {
        @Override
        public void register(RegisterRequest request, StreamObserver<RegisterResponse> responses) {
            responses.onNext(RegisterResponse.getDefaultInstance());
            responses.onCompleted();
        }
    }

    private static void register(String member, String coordinator) {
        var expected = new ClusterId(coordinator).expectedOfCallers();
        try (GrpcServer server = GrpcServer.start(
                "127.0.0.1",
                0,
                Runnable::run,
                List.of(() -> ServerInterceptors.intercept(new Coordinator(), expected)))) {
            ManagedChannel channel = CoordinatorChannels.open("127.0.0.1:" + server.port(), new ClusterId(member));
            try {
                ClusterServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(30, TimeUnit.SECONDS)
                        .register(RegisterRequest.getDefaultInstance());
            } finally {
                channel.shutdownNow();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"llm/kvern, llm/kvern", "'', llm/kvern", "llm/kvern, ''", "'', ''"})
    void whoIsOfTheClusterOrNamesNoneIsTaken(String member, String coordinator) {
        register(member, coordinator);
    }

    @Test
    void whoIsOfAnotherClusterIsToldOfBoth() {
        assertThatThrownBy(() -> register("llm/blue", "llm/green"))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION))
                .hasMessageContaining("cluster_id: 'llm/blue' (expected: 'llm/green'");
    }

    @Test
    void isWhatAHeaderCanCarry() {
        assertThat(ClusterId.isValid("")).isTrue();
        assertThat(ClusterId.isValid("a".repeat(256))).isTrue();
        assertThat(ClusterId.isValid("a".repeat(257))).isFalse();
        assertThat(ClusterId.isValid("a b")).isFalse();
        assertThat(ClusterId.isValid("a\n")).isFalse();
        assertThat(ClusterId.isValid("größer")).isFalse();
        assertThatThrownBy(() -> new ClusterId("a b")).hasMessageContaining("cluster_id: 'a b'");
    }
}
