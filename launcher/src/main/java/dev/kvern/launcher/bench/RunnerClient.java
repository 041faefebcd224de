package dev.kvern.launcher.bench;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.NamespaceId;
import dev.kvern.v1.CacheControl;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.ListModelsRequest;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.SamplingParameters;
import dev.kvern.v1.TokenIds;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A model-runner, as its caller sees it. Safe for use by several threads. */
final class RunnerClient implements AutoCloseable {
    /** May use every cache and leaves its blocks in them. */
    static final CacheControl ALL = CacheControl.getDefaultInstance();

    /** Uses what is there and leaves nothing. */
    static final CacheControl READ_ONLY =
            CacheControl.newBuilder().setWrite(false).build();

    /** Uses what the cluster has, however often it has been fetched. */
    static final CacheControl CLUSTER_ONLY =
            CacheControl.newBuilder().setReadLocal(false).setWrite(false).build();

    /** Computes. */
    static final CacheControl NONE = CacheControl.newBuilder()
            .setReadLocal(false)
            .setReadCluster(false)
            .setWrite(false)
            .build();

    private static final long LIMIT_SECONDS = 600;

    private final ManagedChannel channel;

    private final int chunkTokens;

    /** @param chunkTokens as the runner has it */
    RunnerClient(String address, int chunkTokens) {
        this.chunkTokens = chunkTokens;
        this.channel = NettyChannelBuilder.forTarget(address).usePlaintext().build();
    }

    /** Asks for the first token and waits for it. */
    GenerationCall firstToken(int[] prompt, CacheControl cache) {
        GenerationCall call = begin(prompt, 1, cache);
        call.await();
        return call;
    }

    GenerationCall begin(int[] prompt, int tokens, CacheControl cache) {
        var request = GenerateRequest.newBuilder()
                .setPrompt(prompt(prompt))
                .setSampling(SamplingParameters.newBuilder().setTemperature(0))
                .setMaxTokens(tokens)
                .setIgnoreEos(true)
                .setCache(cache)
                .build();
        var call = new GenerationCall();
        GenerationServiceGrpc.newStub(channel)
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .generate(request, call);
        return call;
    }

    /** Keys under which the tier stores a prompt's chunks. */
    List<BlockKey> chunkKeys(int[] prompt) {
        TokenizeResponse response = GenerationServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .tokenize(TokenizeRequest.newBuilder().setPrompt(prompt(prompt)).build());
        var namespace = NamespaceId.of(response.getNamespace());
        var keys = new ArrayList<BlockKey>();
        int chunkBlocks = chunkTokens / response.getBlockTokens();
        for (int last = chunkBlocks - 1; last < response.getBlockDigestsCount(); last += chunkBlocks) {
            keys.add(BlockKey.of(namespace, BlockDigest.of(response.getBlockDigests(last))));
        }
        return keys;
    }

    /** Bytes of keys and values of one token of its model. */
    int kvBytesPerToken() {
        return GenerationServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .listModels(ListModelsRequest.getDefaultInstance())
                .getModels(0)
                .getKvBytesPerToken();
    }

    private static Prompt prompt(int[] tokens) {
        var ids = TokenIds.newBuilder();
        for (int token : tokens) {
            ids.addIds(token);
        }
        return Prompt.newBuilder().setTokenIds(ids).build();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
