package dev.kvern.it.deploy;

import dev.kvern.it.Requests;
import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.CacheControl;
import dev.kvern.v1.GenerationServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Asks by gRPC, over one channel, as it comes: without a retry policy. */
final class GrpcAsker implements Asker {
    private static final long LIMIT_SECONDS = 60;

    private static final Set<Status.Code> PASSING =
            EnumSet.of(Status.Code.UNAVAILABLE, Status.Code.RESOURCE_EXHAUSTED, Status.Code.ABORTED);

    private final ManagedChannel channel;
    private final CacheControl cache;

    GrpcAsker(String host, int port) {
        this(host, port, CacheControl.getDefaultInstance());
    }

    GrpcAsker(String host, int port, CacheControl cache) {
        channel = NettyChannelBuilder.forAddress(host, port).usePlaintext().build();
        this.cache = cache;
    }

    @Override
    public String kind() {
        return "gRPC";
    }

    @Override
    public Answer ask(Question question) throws AskFailed {
        var result = new GenerationResult(System::nanoTime);
        var request = Requests.greedy(question.prompt(), question.answerTokens())
                .setCache(cache)
                .build();
        try {
            GenerationServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                    .generate(request)
                    .forEachRemaining(result::add);
        } catch (StatusRuntimeException e) {
            boolean nothing = result.tokens().isEmpty();
            throw new AskFailed(
                    nothing && PASSING.contains(e.getStatus().getCode()),
                    e.getStatus() + " after " + result.tokens().size() + " tokens",
                    e);
        }
        return new Answer(
                result.text(),
                result.tokens(),
                result.usage().getPromptTokens(),
                result.cachedTokens(),
                result.usage().getCachedClusterTokens());
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
