package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.node.store.ChainLru;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.ignite.cluster.ClusterNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NodeMessagesTest {
    private static final long LONG_MILLIS = 120_000;
    private static final long SOON_SECONDS = 20;

    /** Those that do answer must have done so by then, on a busy machine too. */
    private static final long SILENCE_MILLIS = 4_000;

    private final ExecutorService executor = Executors.newFixedThreadPool(8);
    private final CountDownLatch end = new CountDownLatch(1);
    private final IgniteNode first = start("messages-1", List.of());
    private final IgniteNode second = start("messages-2", List.of(first.discoveryAddress()));
    private NodeMessages messages = new NodeMessages(first.ignite(), executor, LONG_MILLIS);

    private static IgniteNode start(String id, List<String> addresses) {
        return IgniteNode.start(
                new IgniteNode.Settings(
                        id, "127.0.0.1", "", "", 0, 0, addresses, 0, "", 5_000, 1L << 30, 64L << 20, 1 << 20),
                new ChainLru(),
                key -> {},
                why -> {});
    }

    @BeforeEach
    void serve() {
        messages.serve("length", question -> new byte[] {(byte) question.length});
    }

    @AfterEach
    void stop() {
        end.countDown();
        second.close();
        first.close();
        executor.shutdownNow();
    }

    private ClusterNode node(IgniteNode of) {
        return first.ignite().cluster().node(of.ignite().cluster().localNode().id());
    }

    @Test
    void questionsAreAnsweredByOthersAndHere() throws Exception {
        var there = new NodeMessages(second.ignite(), executor, LONG_MILLIS);
        there.serve("length", question -> new byte[] {(byte) question.length, 2});
        there.serve("wrong", question -> {
            throw new IllegalStateException("no such thing");
        });
        assertThat(soon(messages.ask(node(first), "length", new byte[5]))).hasValue(new byte[] {5});
        assertThat(soon(messages.ask(node(second), "length", new byte[7]))).hasValue(new byte[] {7, 2});
        assertThat(soon(messages.ask(node(second), "length", new byte[0]))).hasValue(new byte[] {0, 2});
        assertThat(soon(messages.ask(node(second), "depth", new byte[1]))).isEmpty();
        assertThat(failure(messages.ask(node(second), "wrong", new byte[1])))
                .hasMessageContaining("wrong at node messages-2: no such thing");
        NodeMessages.Answers all = messages.askAll("length", "abc".getBytes(StandardCharsets.US_ASCII));
        assertThat(all.answers()).hasSize(2).containsEntry(node(second), new byte[] {3, 2});
        assertThat(all.silent()).isEmpty();
    }

    @Test
    void anAnswerMayComeLaterAndWhoLeavesIsTold() throws Exception {
        var there = new NodeMessages(second.ignite(), executor, LONG_MILLIS);
        var askers = new LinkedBlockingQueue<UUID>();
        var later = new CompletableFuture<byte[]>();
        there.serveInTime("later", (from, question) -> {
            askers.add(from);
            return later;
        });
        assertThatThrownBy(() -> there.serve("later", question -> question)).hasMessageContaining("later");
        CompletableFuture<Optional<byte[]>> answer = messages.ask(node(second), "later", new byte[1]);
        assertThat(askers.poll(SOON_SECONDS, TimeUnit.SECONDS))
                .isEqualTo(node(first).id());
        assertThat(answer).isNotDone();
        later.complete(new byte[] {9});
        assertThat(soon(answer)).hasValue(new byte[] {9});

        var left = new LinkedBlockingQueue<UUID>();
        messages.onLeft(left::add);
        UUID leaving = node(second).id();
        second.close();
        assertThat(left.poll(SOON_SECONDS, TimeUnit.SECONDS)).isEqualTo(leaving);
    }

    @Test
    void aNodeThatDoesNotHearYetAnswersOnceItDoes() throws Exception {
        CompletableFuture<Optional<byte[]>> early = messages.ask(node(second), "length", new byte[1]);
        new NodeMessages(second.ignite(), executor, LONG_MILLIS);
        assertThat(soon(early)).as("heard, and not served yet").isEmpty();
    }

    @Test
    void aNodeThatSaysNothingIsNamedAndTheOthersAreHeard() {
        messages = new NodeMessages(first.ignite(), executor, SILENCE_MILLIS);
        messages.serve("length", question -> new byte[] {(byte) question.length});
        silent();
        KvernException failure = failure(messages.ask(node(second), "length", new byte[1], 300));
        assertThat(failure.reason()).isEqualTo(ErrorReason.PEER_SILENT);
        assertThat(failure).hasMessageContaining("length at node messages-2: no answer within 300 ms");
        NodeMessages.Answers all = messages.askAll("length", new byte[1]);
        assertThat(all.answers()).containsOnlyKeys(node(first));
        assertThat(all.silent()).containsExactly(node(second));
    }

    @Test
    void aQuestionToANodeThatLeavesEndsAtOnce() {
        silent();
        ClusterNode leaving = node(second);
        CompletableFuture<Optional<byte[]>> answer = messages.ask(leaving, "length", new byte[1]);
        second.close();
        KvernException failure = failure(answer);
        assertThat(failure.reason()).isEqualTo(ErrorReason.UNAVAILABLE);
        assertThat(failure).hasMessageContaining("it has left");
        assertThat(failure(messages.ask(leaving, "length", new byte[1]))).hasMessageContaining("messages-2");
        assertThat(messages.askAll("length", new byte[1]).silent()).isEmpty();
    }

    /** The second node hears questions and says nothing until the end. */
    private void silent() {
        new NodeMessages(second.ignite(), executor, LONG_MILLIS).serve("length", question -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return question;
        });
    }

    private static <T> T soon(CompletableFuture<T> answer)
            throws InterruptedException, ExecutionException, TimeoutException {
        return answer.get(SOON_SECONDS, TimeUnit.SECONDS);
    }

    private static KvernException failure(CompletableFuture<?> answer) {
        try {
            answer.orTimeout(SOON_SECONDS, TimeUnit.SECONDS).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof KvernException failure) {
                return failure;
            }
            throw e;
        }
        throw new AssertionError("it was answered");
    }
}
