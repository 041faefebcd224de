package dev.kvern.it;

import static org.assertj.core.api.Assertions.fail;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateRequestOrBuilder;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.GetClusterStatsRequest;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.concurrent.TimeUnit;

/** A server seen by a caller. Safe for use by several threads. */
final class Client implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;

    private final ManagedChannel channel;

    private Client(ManagedChannel channel) {
        this.channel = channel;
    }

    static Client of(String address) {
        return new Client(NettyChannelBuilder.forTarget(address).usePlaintext().build());
    }

    Channel channel() {
        return channel;
    }

    Call begin(GenerateRequestOrBuilder request) {
        var call = new Call();
        GenerationServiceGrpc.newStub(channel)
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .generate(built(request), call);
        return call;
    }

    GenerationResult generate(GenerateRequestOrBuilder request) {
        return begin(request).result();
    }

    /** The status that a request is refused with. */
    Status refusal(GenerateRequestOrBuilder request) {
        return begin(request).failure();
    }

    TokenizeResponse tokenize(Prompt prompt) {
        return GenerationServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .tokenize(TokenizeRequest.newBuilder().setPrompt(prompt).build());
    }

    GetClusterStatsResponse stats() {
        return ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .withWaitForReady()
                .getClusterStats(GetClusterStatsRequest.getDefaultInstance());
    }

    BlockStoreServiceGrpc.BlockStoreServiceBlockingStub blocks() {
        return BlockStoreServiceGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    private static GenerateRequest built(GenerateRequestOrBuilder request) {
        return request instanceof GenerateRequest.Builder builder ? builder.build() : (GenerateRequest) request;
    }

    @Override
    public void close() {
        channel.shutdownNow();
        try {
            if (!channel.awaitTermination(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                fail("a channel does not end");
            }
        } catch (InterruptedException e) {
            fail("interrupted", e);
        }
    }
}
