package dev.kvern.it;

import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static dev.kvern.it.Requests.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.Chat;
import dev.kvern.v1.ChatMessage;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.PutResponse;
import dev.kvern.v1.SamplingParameters;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What cannot be served is refused in words that name the value and what was expected, and harms nobody. */
@Timeout(120)
class BadInputIT {
    private static final Prompt HELLO = text("Hello");

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(directory, 1, 2);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @AfterEach
    void everyoneStillServes() {
        for (String runner : List.of("runner-a", "runner-b")) {
            assertThat(cluster.client(runner).generate(greedy(HELLO, 2)).tokens())
                    .hasSize(2);
        }
        assertThat(cluster.coordinator().generate(greedy(HELLO, 2)).tokens()).hasSize(2);
        assertThat(cluster.process("node-a").isAlive()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {TestCluster.COORDINATOR, "runner-a"})
    void promptsThatCannotBe(String server) {
        Client at = cluster.client(server);
        refused(
                at,
                greedy(Prompt.getDefaultInstance(), 1),
                "prompt: absent (expected: text, chat messages or token ids)");
        refused(at, greedy(text(""), 1), "prompt: '' (expected: a text of at least 1 character)");
        refused(at, greedy(prompt(List.of()), 1), "prompt: empty (expected: at least 1 token)");
        refused(at, greedy(prompt(1, 4_096), 1), "prompt: 4096 tokens (expected: at most 4095");
        refused(at, greedy(text("too long ".repeat(20_000)), 1), "prompt: ", " tokens (expected: at most 4095");
        refused(at, greedy(prompt(List.of(1, 1_280)), 1), "prompt.token_ids[1]: 1280 (expected: 0 to 1279)");
        refused(
                at,
                greedy(Prompt.newBuilder().setChat(Chat.getDefaultInstance()).build(), 1),
                "messages: none");
    }

    @ParameterizedTest
    @ValueSource(strings = {TestCluster.COORDINATOR, "runner-a"})
    void parametersOutOfRange(String server) {
        Client at = cluster.client(server);
        refused(at, greedy(HELLO, 0), "max_tokens: 0 (expected: 1 to 4095)");
        refused(at, greedy(HELLO, -1), "max_tokens: -1 (expected: 1 to 4095)");
        refused(at, greedy(prompt(1, 4_000), 97), "max_tokens: 97 (expected: at most 96");
        refused(at, sampled().setTemperature(-1), "temperature: -1 (expected: a number of at least 0)");
        refused(at, sampled().setTemperature(Float.NaN), "temperature: NaN (expected: a number of at least 0)");
        refused(at, sampled().setTopP(1.5f), "top_p: 1.5 (expected: above 0, at most 1)");
        refused(at, greedy(HELLO, 1).setLogprobs(21), "logprobs: 21 (expected: 0 to 20)");
        refused(at, greedy(HELLO, 1).addStop(""), "stop[0]: '' (expected: at least 1 character)");
    }

    @Test
    void modelsAndRunnersThatAreNotThere() {
        Status model = cluster.coordinator().refusal(greedy(HELLO, 1).setModel("gpt-9"));
        assertStatus(model, Status.Code.NOT_FOUND, "model: 'gpt-9' (expected: one of [kvern-demo])");
        Status pinnedModel =
                cluster.coordinator().refusal(greedy(HELLO, 1).setModel("gpt-9").setRunnerId("runner-b"));
        assertStatus(pinnedModel, Status.Code.NOT_FOUND, "model: 'gpt-9' (expected: kvern-demo)");
        Status direct = cluster.client("runner-a").refusal(greedy(HELLO, 1).setModel("gpt-9"));
        assertStatus(direct, Status.Code.NOT_FOUND, "model: 'gpt-9' (expected: kvern-demo)");

        Status runner = cluster.coordinator().refusal(greedy(HELLO, 1).setRunnerId("runner-z"));
        assertStatus(
                runner,
                Status.Code.NOT_FOUND,
                "runner_id: 'runner-z' (expected: a live runner, one of [runner-a, runner-b])");
        Status node = cluster.coordinator().refusal(greedy(HELLO, 1).setRunnerId("node-a"));
        assertStatus(node, Status.Code.NOT_FOUND, "runner_id: 'node-a'");
        Status other = cluster.client("runner-a").refusal(greedy(HELLO, 1).setRunnerId("runner-b"));
        assertStatus(other, Status.Code.INVALID_ARGUMENT, "runner_id: 'runner-b' (expected: runner-a, or absent)");
    }

    @ParameterizedTest
    @ValueSource(strings = {TestCluster.COORDINATOR, "runner-a"})
    void textsThatAreNotUtf8(String server) {
        var inText = greedy(text("XX"), 1).build();
        var inChat = greedy(
                        Prompt.newBuilder()
                                .setChat(Chat.newBuilder()
                                        .addMessages(ChatMessage.newBuilder()
                                                .setRole("user")
                                                .setContent("XX")))
                                .build(),
                        1)
                .build();
        for (GenerateRequest request : List.of(inText, inChat)) {
            byte[] bytes = request.toByteArray();
            int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("XX");
            // The first byte of two, and no second.
            bytes[at] = (byte) 0xC3;
            bytes[at + 1] = '(';
            assertStatus(sentRaw(server, bytes), Status.Code.INVALID_ARGUMENT, "Generate", "UTF-8", "expected");
        }
        assertStatus(
                sentRaw(server, new byte[] {(byte) 0xFF, (byte) 0xFF}),
                Status.Code.INVALID_ARGUMENT,
                "protobuf message");
    }

    @Test
    void blocksThatAreNotWhatTheirHeaderSays() {
        byte[] payload = "a block of keys and values".getBytes(StandardCharsets.UTF_8);
        BlockHeader good = header(payload).build();
        String checksum = String.format("%08x", good.getCrc32C());

        notPut("crc32c: 00000001 (expected: " + checksum, part(good.toBuilder().setCrc32C(1)), part(payload));
        notPut(
                "data: 26 bytes (expected: size_bytes of the header: 27",
                part(good.toBuilder().setSizeBytes(27)),
                part(payload));
        notPut(
                "data: at least 26 bytes (expected: size_bytes of the header: 25",
                part(good.toBuilder().setSizeBytes(25)),
                part(payload));
        notPut("header.size_bytes: 0 (expected: 1 to ", part(good.toBuilder().setSizeBytes(0)));
        notPut("header.size_bytes: 18446744073709551615", part(good.toBuilder().setSizeBytes(-1)), part(payload));
        notPut("data: 26 bytes without a header (expected: a header first)", part(payload));
        notPut(
                "header.key: 3 bytes (expected: 32 bytes)",
                part(good.toBuilder().setKey(ByteString.copyFromUtf8("key"))));
        notPut("part: absent (expected: a header or data)", PutRequest.getDefaultInstance());

        var question = MatchRequest.newBuilder().addKeys(good.getKey()).build();
        var node = cluster.client("node-a");
        assertThat(node.blocks().match(question).getMatched())
                .as("visible of what was refused")
                .isZero();
        assertThat(put(part(good.toBuilder()), part(payload)).join().getStored())
                .isEqualTo(1);
        assertThat(node.blocks().match(question).getMatched()).isEqualTo(1);
    }

    private static GenerateRequest.Builder with(SamplingParameters.Builder sampling) {
        return greedy(HELLO, 1).setSampling(sampling);
    }

    private static SamplingParameters.Builder sampled() {
        return SamplingParameters.newBuilder();
    }

    private static void refused(Client server, SamplingParameters.Builder sampling, String... words) {
        refused(server, with(sampling), words);
    }

    private static void refused(Client server, GenerateRequest.Builder request, String... words) {
        assertStatus(server.refusal(request), Status.Code.INVALID_ARGUMENT, words);
    }

    private static void assertStatus(Status status, Status.Code code, String... words) {
        assertThat(status.getCode()).as("%s", status).isEqualTo(code);
        assertThat(status.getDescription()).contains(words);
    }

    private static Status sentRaw(String server, byte[] bytes) {
        MethodDescriptor<byte[], byte[]> method = GenerationServiceGrpc.getGenerateMethod().toBuilder(
                        new RawBytes(), new RawBytes())
                .build();
        var failure = catchThrowableOfType(
                StatusRuntimeException.class,
                () -> ClientCalls.blockingServerStreamingCall(
                                cluster.client(server).channel(),
                                method,
                                CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS),
                                bytes)
                        .forEachRemaining(response -> {}));
        assertThat(failure).isNotNull();
        return failure.getStatus();
    }

    /** Messages as they are on the wire. */
    private static final class RawBytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static BlockHeader.Builder header(byte[] payload) {
        byte[] key = new byte[32];
        return BlockHeader.newBuilder()
                .setKey(ByteString.copyFrom(key))
                .setSizeBytes(payload.length)
                .setCrc32C(new BlockChecksum().of(BlockKey.wrap(key), ByteBuffer.wrap(payload)));
    }

    private static PutRequest part(BlockHeader.Builder header) {
        return PutRequest.newBuilder().setHeader(header).build();
    }

    private static PutRequest part(byte[] data) {
        return PutRequest.newBuilder().setData(ByteString.copyFrom(data)).build();
    }

    private static void notPut(String words, PutRequest... parts) {
        try {
            put(parts).get(60, TimeUnit.SECONDS);
            throw new AssertionError("stored: " + List.of(parts));
        } catch (ExecutionException e) {
            assertStatus(Status.fromThrowable(e.getCause()), Status.Code.INVALID_ARGUMENT, words);
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    private static CompletableFuture<PutResponse> put(PutRequest... parts) {
        var answer = new CompletableFuture<PutResponse>();
        StreamObserver<PutRequest> requests = BlockStoreServiceGrpc.newStub(
                        cluster.client("node-a").channel())
                .put(new StreamObserver<>() {
                    @Override
                    public void onNext(PutResponse response) {
                        answer.complete(response);
                    }

                    @Override
                    public void onError(Throwable failure) {
                        answer.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {}
                });
        for (PutRequest part : parts) {
            requests.onNext(part);
        }
        requests.onCompleted();
        return answer;
    }
}
