package dev.kvern.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.ListModelsRequest;
import dev.kvern.v1.ListModelsResponse;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a client sees that sends bytes which are not the message they should be. */
class InvalidBytesTest {
    private static final class Models extends GenerationServiceGrpc.GenerationServiceImplBase {
        @Override
        public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> out) {
            out.onNext(ListModelsResponse.getDefaultInstance());
            out.onCompleted();
        }
    }

    private final GrpcServer server = GrpcServer.start("127.0.0.1", 0, Runnable::run, List.of(new Models()));
    private final ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
            .usePlaintext()
            .build();

    @AfterEach
    void stop() throws InterruptedException {
        channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        server.close();
    }

    @Test
    void textThatIsNotUtf8IsTheCallersMistake() {
        // Field 1 (model), a string of the bytes c3 28.
        var e = send(new byte[] {0x0a, 2, (byte) 0xc3, 0x28});
        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(e.getStatus().getDescription())
                .contains("kvern.v1.GenerationService/Tokenize")
                .contains("UTF-8");
    }

    @Test
    void bytesThatAreNoMessageAreTheCallersMistake() {
        var e = send(new byte[] {0x0a, 100, 1});
        assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(e.getStatus().getDescription()).contains("kvern.v1.GenerationService/Tokenize");
    }

    @Test
    void theServerGoesOn() {
        send(new byte[] {0x0a, 2, (byte) 0xc3, 0x28});
        assertThat(GenerationServiceGrpc.newBlockingStub(channel)
                        .listModels(ListModelsRequest.getDefaultInstance())
                        .getModelsCount())
                .isZero();
    }

    private StatusRuntimeException send(byte[] request) {
        var raw = new MethodDescriptor.Marshaller<byte[]>() {
            @Override
            public InputStream stream(byte[] value) {
                return new ByteArrayInputStream(value);
            }

            @Override
            public byte[] parse(InputStream stream) {
                throw new UnsupportedOperationException();
            }
        };
        var method = GenerationServiceGrpc.getTokenizeMethod().toBuilder(
                        raw, GenerationServiceGrpc.getTokenizeMethod().getResponseMarshaller())
                .build();
        return catchThrowableOfType(
                StatusRuntimeException.class,
                () -> ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, request));
    }
}
