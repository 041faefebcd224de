package dev.kvern.node.ignite;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.Failures;
import dev.kvern.rpc.KvernException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterGroup;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.events.DiscoveryEvent;
import org.apache.ignite.events.EventType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Questions from node to node, bytes for bytes. As Ignite's messages, and not as its compute calls: those send classes, which Ignite
 * first makes known to the whole ring, and that hangs with any node that does. Safe for use by several threads.
 *
 * <p>Question: its number, 8 bytes; length of the name, 1 byte; the name; the rest. Answer: the number, 8 bytes; {@link #ANSWERED},
 * {@link #NOT_SERVED} or {@link #FAILED}, 1 byte; the answer, or why it failed. What is sent to a node that has joined and does not
 * hear messages yet is lost: it says so once it does, and is asked again.
 */
public final class NodeMessages {
    private static final Logger log = LoggerFactory.getLogger(NodeMessages.class);
    private static final String QUESTIONS = "kvern-questions";
    private static final String ANSWERS = "kvern-answers";
    private static final String HEARING = "kvern-hearing";
    private static final byte ANSWERED = 0;
    private static final byte NOT_SERVED = 1;
    private static final byte FAILED = 2;

    private final Ignite ignite;
    private final Executor executor;
    private final long timeoutMillis;
    private final AtomicLong lastNumber = new AtomicLong();
    private final Map<Long, Question> open = new ConcurrentHashMap<>();
    private final Map<String, Served> served = new ConcurrentHashMap<>();
    private final List<Consumer<UUID>> leftListeners = new CopyOnWriteArrayList<>();

    /** @param message as it was sent */
    private record Question(UUID node, byte[] message, CompletableFuture<Optional<byte[]>> answer) {}

    /** Answers a question of a node's, in time. */
    @FunctionalInterface
    interface Answerer {
        CompletableFuture<byte[]> answer(UUID from, byte[] question);
    }

    /** @param atOnce on the thread that hears the question */
    private record Served(Answerer answerer, boolean atOnce) {}

    /**
     * What all nodes say.
     *
     * @param answers of those that serve the question
     * @param silent those that have not answered in time
     */
    public record Answers(Map<ClusterNode, byte[]> answers, List<ClusterNode> silent) {
        public Answers {
            silent = List.copyOf(silent);
        }
    }

    /**
     * To be made as soon as the node has joined.
     *
     * @param executor bounded; refuses what is too much
     * @param timeoutMillis longest wait for one answer
     */
    public NodeMessages(Ignite ignite, Executor executor, long timeoutMillis) {
        this.ignite = ignite;
        this.executor = executor;
        this.timeoutMillis = timeoutMillis;
        ignite.message().localListen(QUESTIONS, (from, message) -> {
            if (message instanceof byte[] question && question.length > Long.BYTES) {
                hear(from, ByteBuffer.wrap(question));
            }
            return true;
        });
        ignite.message().localListen(ANSWERS, (from, message) -> {
            if (message instanceof byte[] answer && answer.length > Long.BYTES) {
                answered(from, ByteBuffer.wrap(answer));
            }
            return true;
        });
        ignite.message().localListen(HEARING, (from, message) -> {
            askAgain(from);
            return true;
        });
        ignite.events()
                .localListen(
                        event -> {
                            if (event instanceof DiscoveryEvent gone) {
                                UUID node = gone.eventNode().id();
                                left(node);
                                leftListeners.forEach(listener -> listener.accept(node));
                            }
                            return true;
                        },
                        EventType.EVT_NODE_LEFT,
                        EventType.EVT_NODE_FAILED);
        executor.execute(this::sayThatWeHear);
    }

    /** Answers the questions of a name at this node, on a thread of the executor's. */
    public void serve(String name, UnaryOperator<byte[]> answer) {
        serve(name, new Served(known(answer), false));
    }

    /** Answers the questions of a name on the thread that hears them: for what takes no longer than to hand it over. */
    void serveAtOnce(String name, UnaryOperator<byte[]> answer) {
        serve(name, new Served(known(answer), true));
    }

    /**
     * The same where the answer may come later.
     *
     * @param answerer must not block
     */
    void serveInTime(String name, Answerer answerer) {
        serve(name, new Served(answerer, true));
    }

    private void serve(String name, Served by) {
        if (served.putIfAbsent(name, by) != null) {
            throw new IllegalStateException(
                    "questions named " + name + ": answered already (expected: a name of their own)");
        }
    }

    private static Answerer known(UnaryOperator<byte[]> answer) {
        return (from, question) -> CompletableFuture.completedFuture(answer.apply(question));
    }

    /** Has the ids of nodes that have left told from now on, on a thread that must not be blocked. */
    void onLeft(Consumer<UUID> listener) {
        leftListeners.add(listener);
    }

    /** All server nodes. */
    public List<ClusterNode> nodes() {
        return List.copyOf(ignite.cluster().forServers().nodes());
    }

    /** A node's name among Kvern's: its configuration's id. */
    public static String id(ClusterNode node) {
        return String.valueOf(node.consistentId());
    }

    /**
     * Asks a node, which may be this one.
     *
     * @return its answer, empty if it does not serve that yet; ends with a {@link KvernException}: PEER_SILENT if it says nothing in
     *     time, UNAVAILABLE if it has left, which is known at once, or has failed to answer
     */
    public CompletableFuture<Optional<byte[]>> ask(ClusterNode node, String name, byte[] question) {
        return ask(node, name, question, timeoutMillis);
    }

    /**
     * The same with another limit.
     *
     * @param limitMillis longest wait for the answer
     */
    CompletableFuture<Optional<byte[]>> ask(ClusterNode node, String name, byte[] question, long limitMillis) {
        long number = lastNumber.incrementAndGet();
        var answer = new CompletableFuture<Optional<byte[]>>();
        var asked = new Question(node.id(), message(number, name, question), answer);
        open.put(number, asked);
        answer.orTimeout(limitMillis, TimeUnit.MILLISECONDS).whenComplete((bytes, failure) -> open.remove(number));
        try {
            executor.execute(node.isLocal() ? () -> askHere(name, question, answer) : () -> send(asked));
        } catch (RejectedExecutionException e) {
            answer.completeExceptionally(new IllegalStateException("too many questions at a time", e));
        }
        if (ignite.cluster().node(node.id()) == null) {
            // It left before we would have heard of it.
            left(node.id());
        }
        return answer.exceptionallyCompose(
                failure -> CompletableFuture.failedFuture(described(node, name, limitMillis, failure)));
    }

    /** Sends something that needs no answer to a node that listens to the topic. Does not block. */
    void tell(ClusterNode node, String topic, byte[] message) {
        try {
            executor.execute(() -> {
                try {
                    ignite.message(ignite.cluster().forNodeId(node.id())).send(topic, message);
                } catch (RuntimeException e) {
                    log.debug("{} does not hear of {}: {}", id(node), topic, e.toString());
                }
            });
        } catch (RejectedExecutionException e) {
            log.debug("{} does not hear of {}: too many messages at a time", id(node), topic);
        }
    }

    /** Asks all server nodes at once. Those that have left meanwhile, or do not serve it yet, are in neither part of the answer. */
    public Answers askAll(String name, byte[] question) {
        var asked = new LinkedHashMap<ClusterNode, CompletableFuture<Optional<byte[]>>>();
        nodes().forEach(node -> asked.put(node, ask(node, name, question)));
        var answers = new LinkedHashMap<ClusterNode, byte[]>();
        var silent = new ArrayList<ClusterNode>();
        asked.forEach((node, answer) -> {
            try {
                answer.join().ifPresent(bytes -> answers.put(node, bytes));
            } catch (CompletionException e) {
                if (ignite.cluster().node(node.id()) != null) {
                    silent.add(node);
                }
            }
        });
        return new Answers(answers, silent);
    }

    private static byte[] message(long number, String name, byte[] question) {
        byte[] named = name.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(Long.BYTES + 1 + named.length + question.length)
                .putLong(number)
                .put((byte) named.length)
                .put(named)
                .put(question)
                .array();
    }

    private void askHere(String name, byte[] question, CompletableFuture<Optional<byte[]>> answer) {
        try {
            Served here = served.get(name);
            if (here == null) {
                answer.complete(Optional.empty());
                return;
            }
            here.answerer().answer(ignite.cluster().localNode().id(), question).whenComplete((bytes, failure) -> {
                if (failure == null) {
                    answer.complete(Optional.of(bytes));
                } else {
                    answer.completeExceptionally(failure);
                }
            });
        } catch (RuntimeException e) {
            answer.completeExceptionally(e);
        }
    }

    /** May block while there is no connection to the node. */
    private void send(Question question) {
        try {
            ignite.message(ignite.cluster().forNodeId(question.node())).send(QUESTIONS, question.message());
        } catch (RuntimeException e) {
            question.answer().completeExceptionally(e);
        }
    }

    private void sayThatWeHear() {
        try {
            ClusterGroup others = ignite.cluster().forServers().forRemotes();
            if (!others.nodes().isEmpty()) {
                ignite.message(others).send(HEARING, new byte[1]);
            }
        } catch (RuntimeException e) {
            log.debug("the others are not told that this node hears them: {}", e.toString());
        }
    }

    private void askAgain(UUID node) {
        for (Question question : open.values()) {
            if (question.node().equals(node)) {
                try {
                    executor.execute(() -> send(question));
                } catch (RejectedExecutionException e) {
                    question.answer().completeExceptionally(e);
                }
            }
        }
    }

    private void left(UUID node) {
        for (Question question : open.values()) {
            if (question.node().equals(node)) {
                question.answer().completeExceptionally(new IllegalStateException("it has left"));
            }
        }
    }

    private void hear(UUID from, ByteBuffer question) {
        long number = question.getLong();
        byte[] name = new byte[Math.min(Byte.toUnsignedInt(question.get()), question.remaining())];
        question.get(name);
        byte[] rest = new byte[question.remaining()];
        question.get(rest);
        Served asked = served.get(new String(name, StandardCharsets.US_ASCII));
        if (asked == null) {
            reply(from, number, NOT_SERVED, new byte[0]);
        } else if (asked.atOnce()) {
            answer(from, number, asked, rest);
        } else {
            try {
                executor.execute(() -> answer(from, number, asked, rest));
            } catch (RejectedExecutionException e) {
                reply(from, number, FAILED, text("too many questions at a time"));
            }
        }
    }

    private void answer(UUID to, long number, Served asked, byte[] question) {
        CompletableFuture<byte[]> answer;
        try {
            answer = asked.answerer().answer(to, question);
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        if (answer.isDone()) {
            answer.whenComplete((bytes, failure) -> reply(to, number, bytes, failure));
            return;
        }
        // Who completes it must not wait for a connection.
        answer.whenComplete((bytes, failure) -> {
            try {
                executor.execute(() -> reply(to, number, bytes, failure));
            } catch (RejectedExecutionException e) {
                log.debug("{} gets no answer: {}", to, e.toString());
            }
        });
    }

    private void reply(UUID to, long number, byte @Nullable [] answer, @Nullable Throwable failure) {
        if (failure == null && answer != null) {
            reply(to, number, ANSWERED, answer);
        } else {
            reply(to, number, FAILED, text(failure == null ? "nothing" : String.valueOf(failure.getMessage())));
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void reply(UUID to, long number, byte outcome, byte[] rest) {
        try {
            byte[] answer = ByteBuffer.allocate(Long.BYTES + 1 + rest.length)
                    .putLong(number)
                    .put(outcome)
                    .put(rest)
                    .array();
            ignite.message(ignite.cluster().forNodeId(to)).send(ANSWERS, answer);
        } catch (RuntimeException e) {
            log.debug("{} gets no answer: {}", to, e.toString());
        }
    }

    private void answered(UUID from, ByteBuffer answer) {
        Question question = open.get(answer.getLong());
        // Absent if it comes too late.
        if (question == null || !question.node().equals(from)) {
            return;
        }
        byte outcome = answer.get();
        byte[] rest = new byte[answer.remaining()];
        answer.get(rest);
        switch (outcome) {
            case ANSWERED -> question.answer().complete(Optional.of(rest));
            case NOT_SERVED -> question.answer().complete(Optional.empty());
            default ->
                question.answer()
                        .completeExceptionally(new IllegalStateException(new String(rest, StandardCharsets.UTF_8)));
        }
    }

    private static KvernException described(ClusterNode node, String name, long limitMillis, Throwable failure) {
        Throwable why = Failures.unwrapped(failure);
        boolean silent = why instanceof TimeoutException;
        return new KvernException(
                silent ? ErrorReason.PEER_SILENT : ErrorReason.UNAVAILABLE,
                name + " at node " + id(node) + ": "
                        + (silent ? "no answer within " + limitMillis + " ms" : String.valueOf(why.getMessage()))
                        + " (expected: a node that answers; try again)",
                why);
    }
}
