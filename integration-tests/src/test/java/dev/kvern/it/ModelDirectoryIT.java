package dev.kvern.it;

import static dev.kvern.it.Requests.CLUSTER_ONLY;
import static dev.kvern.it.Requests.NO_CACHE;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static dev.kvern.it.Requests.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.NamespaceId;
import dev.kvern.launcher.GenerationResult;
import dev.kvern.runner.model.safetensors.SafetensorsFile;
import dev.kvern.runner.model.safetensors.TensorEntry;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.ListModelsRequest;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model directory that is replaced under running processes, and what runners that start on the new one share: nothing. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(180)
class ModelDirectoryIT {
    private static final int CHUNK_TOKENS = 64;
    private static final int ANSWER_TOKENS = 24;

    /** Long enough for the files to be replaced meanwhile, on a busy machine too. */
    private static final int LONG_ANSWER_TOKENS = 1_500;

    private static final Prompt PROMPT = prompt(31, 700);
    private static final int REUSABLE = 699 / CHUNK_TOKENS * CHUNK_TOKENS;

    @TempDir
    private static Path directory;

    private static Path model;
    private static TestCluster cluster;

    @BeforeAll
    static void start() throws IOException {
        model = Files.createDirectory(directory.resolve("model"));
        copyModel();
        var runner = new ArrayList<>(TestCluster.PATIENT_RUNNER);
        runner.add("model.path=" + model);
        cluster = TestCluster.start(directory, List.of(TestCluster.PATIENT_NODE), List.of(runner, runner));
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static void copyModel() throws IOException {
        try (Stream<Path> files = Files.list(Source.MODEL)) {
            for (Path file : files.toList()) {
                Files.write(model.resolve(file.getFileName()), Files.readAllBytes(file));
            }
        }
    }

    @Test
    @Order(1)
    void aRunnerKeepsItsWeightsWhateverBecomesOfTheFiles() throws IOException {
        Client runner = cluster.client("runner-a");
        GenerationResult before =
                runner.generate(greedy(prompt(32, 100), LONG_ANSWER_TOKENS).setCache(NO_CACHE));
        GenerationResult words = runner.generate(greedy(text("The tower opens at"), ANSWER_TOKENS));

        Call running = runner.begin(greedy(prompt(32, 100), LONG_ANSWER_TOKENS).setCache(NO_CACHE));
        running.awaitFirstToken();
        // Cut short in place, as cp does before it writes: who has mapped the file dies of touching it.
        Files.write(model.resolve("model.safetensors"), new byte[0]);
        Files.write(model.resolve("tokenizer.json"), new byte[0]);
        assertThat(running.hasEnded()).as("the answer was long enough").isFalse();
        assertThat(running.result().tokens()).hasSize(LONG_ANSWER_TOKENS).isEqualTo(before.tokens());
        try (Stream<Path> files = Files.list(model)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        assertThat(runner.generate(greedy(text("The tower opens at"), ANSWER_TOKENS))
                        .tokens())
                .isEqualTo(words.tokens());
        assertThat(cluster.process("runner-a").isAlive()).isTrue();
    }

    @Test
    @Order(2)
    void aRunnerOnOtherWeightsSharesNothingWithTheOld() throws IOException {
        // Both have the old weights: what one computes the other fetches.
        GenerationResult old = cluster.client("runner-a").generate(greedy(PROMPT, ANSWER_TOKENS));
        cluster.awaitIdle("runner-a");
        GenerationResult shared = cluster.client("runner-b")
                .generate(greedy(PROMPT, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
        assertThat(shared.usage().getCachedClusterTokens()).isEqualTo(REUSABLE);
        assertThat(shared.tokens()).isEqualTo(old.tokens());
        ByteString oldDigest = digest("runner-b");

        // Where every second query meant something, it now means the opposite.
        replaceModel("model.layers.0.self_attn.q_proj.weight", (byte) 0x80);
        restart("runner-b");
        assertThat(digest("runner-b")).isNotEqualTo(oldDigest);
        assertThat(digest("runner-a")).isEqualTo(oldDigest);
        Client other = cluster.client("runner-b");
        GenerationResult without = other.generate(greedy(PROMPT, ANSWER_TOKENS).setCache(NO_CACHE));
        GenerationResult cold = other.generate(greedy(PROMPT, ANSWER_TOKENS));
        assertThat(cold.usage().getComputedTokens()).as("computed of 700").isEqualTo(700);
        assertThat(cold.tokens()).isEqualTo(without.tokens()).isNotEqualTo(old.tokens());
        cluster.awaitIdle("runner-b");

        // And what the new one stored does not reach the old one.
        GenerationResult again = cluster.client("runner-a")
                .generate(greedy(PROMPT, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
        assertThat(again.usage().getCachedClusterTokens()).isEqualTo(REUSABLE);
        assertThat(again.tokens()).isEqualTo(old.tokens());
    }

    /** Of a number that is none in the last norm the logits die, of one in a layer's values what is stored. */
    @ParameterizedTest
    @ValueSource(strings = {"model.norm.weight", "model.layers.3.self_attn.v_proj.weight"})
    @Order(3)
    void aRunnerOnBrokenWeightsSaysSoAndStoresNothing(String tensor) throws IOException {
        replaceModel(tensor, (byte) 0);
        try (FileChannel file = FileChannel.open(model.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
            // NaN in bf16.
            file.write(
                    ByteBuffer.wrap(new byte[] {(byte) 0xC0, 0x7F}),
                    entry(tensor).offset());
        }
        restart("runner-b");
        Client broken = cluster.client("runner-b");
        for (int i = 0; i < 2; i++) {
            // Within one step, so that nothing was published before it went wrong.
            Status failure = broken.refusal(greedy(prompt(33, 200), ANSWER_TOKENS));
            assertThat(failure.getCode()).isEqualTo(Status.Code.INTERNAL);
            assertThat(failure.getDescription())
                    .contains("model LlamaForCausalLM ")
                    .containsPattern("after position 199: NaN|layer 3 at positions 0 to 199: NaN")
                    .contains("expected: finite numbers");
        }
        cluster.awaitIdle("runner-b");
        cluster.awaitLoad(
                "runner-b",
                "without blocks",
                member -> member.getRunner().getUsedBlocks() == 0
                        && member.getRunner().getCachedBlocks() == 0
                        && member.getRunner().getNotFiniteRequests() == 2);
        assertThat(stored("runner-b", prompt(33, 200))).isZero();
        assertThat(cluster.client("runner-a")
                        .generate(greedy(prompt(33, 200), ANSWER_TOKENS))
                        .tokens())
                .hasSize(ANSWER_TOKENS);
    }

    /** The model that comes with Kvern, one of whose tensors has each value's sign bit combined with {@code mask}. */
    private static void replaceModel(String tensor, byte mask) throws IOException {
        copyModel();
        TensorEntry entry = entry(tensor);
        byte[] bytes = Files.readAllBytes(model.resolve("model.safetensors"));
        for (int at = 1; at < entry.bytes(); at += 4) {
            bytes[(int) entry.offset() + at] ^= mask;
        }
        Files.write(model.resolve("model.safetensors"), bytes);
    }

    private static TensorEntry entry(String tensor) {
        try (SafetensorsFile file = SafetensorsFile.open(model.resolve("model.safetensors"))) {
            return file.tensor(tensor);
        }
    }

    private static void restart(String runner) {
        cluster.kill(runner);
        cluster.restart(runner);
        cluster.awaitMembers();
    }

    private static ByteString digest(String runner) {
        return GenerationServiceGrpc.newBlockingStub(cluster.client(runner).channel())
                .listModels(ListModelsRequest.getDefaultInstance())
                .getModels(0)
                .getContentDigest();
    }

    /** Leading chunks of a prompt that the node holds under the names that a runner gives them. */
    private static int stored(String runner, Prompt prompt) {
        TokenizeResponse named = cluster.client(runner).tokenize(prompt);
        int blocks = CHUNK_TOKENS / named.getBlockTokens();
        NamespaceId namespace = NamespaceId.of(named.getNamespace());
        var question = MatchRequest.newBuilder();
        List<ByteString> digests = named.getBlockDigestsList();
        for (int last = blocks - 1; last < digests.size(); last += blocks) {
            question.addKeys(
                    BlockKey.of(namespace, BlockDigest.of(digests.get(last))).toByteString());
        }
        assertThat(question.getKeysCount()).isEqualTo(3);
        return cluster.client("node-a").blocks().match(question.build()).getMatched();
    }
}
