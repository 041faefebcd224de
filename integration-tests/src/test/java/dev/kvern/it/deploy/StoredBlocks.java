package dev.kvern.it.deploy;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.NamespaceId;
import dev.kvern.v1.BlockPlace;
import dev.kvern.v1.CacheAdminServiceGrpc;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.LookupRequest;
import dev.kvern.v1.LookupResponse;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Which blocks of the questions' prompts the nodes hold. */
final class StoredBlocks {
    private static final long LIMIT_SECONDS = 60;

    private final Map<Question, Set<BlockKey>> byQuestion;
    private final List<BlockKey> keys;

    private StoredBlocks(Map<Question, Set<BlockKey>> byQuestion) {
        this.byQuestion = byQuestion;
        this.keys = List.copyOf(keys(byQuestion.keySet()));
    }

    /** Learns from a coordinator under which keys prompts are stored. */
    static StoredBlocks of(List<Question> questions, String host, int port) {
        return asked(host, port, channel -> {
            var keys = new LinkedHashMap<Question, Set<BlockKey>>();
            for (Question question : questions) {
                TokenizeResponse named = GenerationServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                        .tokenize(TokenizeRequest.newBuilder()
                                .setPrompt(question.prompt())
                                .build());
                keys.put(question, keys(named));
            }
            return new StoredBlocks(keys);
        });
    }

    /** Those of the complete chunks of some questions' prompts. */
    Set<BlockKey> keys(Collection<Question> questions) {
        return questions.stream()
                .flatMap(question -> Objects.requireNonNull(byQuestion.get(question)).stream())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static Set<BlockKey> keys(TokenizeResponse named) {
        int blocks = named.getChunkTokens() / named.getBlockTokens();
        NamespaceId namespace = NamespaceId.of(named.getNamespace());
        Set<BlockKey> keys = new LinkedHashSet<>();
        for (int last = blocks - 1; last < named.getBlockDigestsCount(); last += blocks) {
            keys.add(BlockKey.of(namespace, BlockDigest.of(named.getBlockDigests(last))));
        }
        return keys;
    }

    /** Those that are stored, by a node that knows of all. */
    Set<BlockKey> stored(String host, int port) {
        var request = LookupRequest.newBuilder();
        keys.forEach(key -> request.addKeys(key.toByteString()));
        LookupResponse response = asked(
                host,
                port,
                channel -> CacheAdminServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                        .lookup(request.build()));
        if (response.getSilentNodeIdsCount() > 0) {
            throw new IllegalStateException("nodes that do not answer: " + response.getSilentNodeIdsList());
        }
        Set<BlockKey> stored = new LinkedHashSet<>();
        for (int i = 0; i < keys.size(); i++) {
            BlockPlace place = response.getPlaces(i);
            if (place.getStored()) {
                stored.add(keys.get(i));
            }
        }
        return stored;
    }

    private static <T> T asked(String host, int port, Function<ManagedChannel, T> question) {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress(host, port).usePlaintext().build();
        try {
            return question.apply(channel);
        } finally {
            channel.shutdownNow();
        }
    }
}
