package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.StoredBlock;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.cache.CachePeekMode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks another node for the copy of a block that it holds itself, and answers when asked. Messages of bytes, and not Ignite's
 * compute calls: those send classes, which Ignite first makes known to the whole ring, and that hangs with any node that does.
 * Safe for use by several threads.
 *
 * <p>Question: number of the question, 8 bytes, and the key, 32 bytes. Answer: the number, and the block as stored or nothing.
 */
final class CopyMessages {
    private static final Logger log = LoggerFactory.getLogger(CopyMessages.class);
    private static final String QUESTIONS = "kvern-copy-questions";
    private static final String ANSWERS = "kvern-copy-answers";

    private final Ignite ignite;
    private final IgniteCache<String, byte[]> cache;
    private final long timeoutMillis;
    private final AtomicLong lastNumber = new AtomicLong();
    private final Map<Long, Question> open = new ConcurrentHashMap<>();

    private record Question(BlockKey key, CompletableFuture<Optional<StoredBlock>> answer) {}

    /** @param timeoutMillis longest wait for an answer */
    CopyMessages(Ignite ignite, IgniteCache<String, byte[]> cache, long timeoutMillis) {
        this.ignite = ignite;
        this.cache = cache;
        this.timeoutMillis = timeoutMillis;
        ignite.message().localListen(QUESTIONS, (from, message) -> {
            if (message instanceof byte[] question && question.length == Long.BYTES + BlockKey.BYTES) {
                answer(from, ByteBuffer.wrap(question));
            }
            return true;
        });
        ignite.message().localListen(ANSWERS, (from, message) -> {
            if (message instanceof byte[] answer && answer.length >= Long.BYTES) {
                answered(ByteBuffer.wrap(answer));
            }
            return true;
        });
    }

    /**
     * The copy of a node, verified; empty if it has none that is good. May block while there is no connection to the node; ends
     * with a TimeoutException if the node does not answer.
     */
    CompletableFuture<Optional<StoredBlock>> ask(UUID node, BlockKey key) {
        long number = lastNumber.incrementAndGet();
        var answer = new CompletableFuture<Optional<StoredBlock>>();
        open.put(number, new Question(key, answer));
        answer.orTimeout(timeoutMillis, TimeUnit.MILLISECONDS).whenComplete((copy, failure) -> open.remove(number));
        byte[] question = ByteBuffer.allocate(Long.BYTES + BlockKey.BYTES)
                .putLong(number)
                .put(key.toByteArray())
                .array();
        try {
            ignite.message(ignite.cluster().forNodeId(node)).send(QUESTIONS, question);
        } catch (RuntimeException e) {
            answer.completeExceptionally(e);
        }
        return answer;
    }

    /** The copy held here, verified. */
    Optional<StoredBlock> here(BlockKey key) {
        byte[] copy = cache.localPeek(key.toHex(), CachePeekMode.OFFHEAP);
        return copy == null ? Optional.empty() : StoredBlock.verified(key, copy);
    }

    private void answer(UUID to, ByteBuffer question) {
        try {
            long number = question.getLong();
            byte[] copy =
                    here(BlockKey.read(question)).map(StoredBlock::encoded).orElse(new byte[0]);
            byte[] answer = ByteBuffer.allocate(Long.BYTES + copy.length)
                    .putLong(number)
                    .put(copy)
                    .array();
            ignite.message(ignite.cluster().forNodeId(to)).send(ANSWERS, answer);
        } catch (RuntimeException e) {
            log.debug("{} gets no answer: {}", to, e.toString());
        }
    }

    private void answered(ByteBuffer answer) {
        Question question = open.get(answer.getLong());
        // Absent if it comes too late.
        if (question != null) {
            byte[] copy = new byte[answer.remaining()];
            answer.get(copy);
            question.answer().complete(StoredBlock.verified(question.key(), copy));
        }
    }
}
