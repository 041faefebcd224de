package dev.kvern.it.deploy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * People who ask one question after the other, each on a connection of their own, and compare every answer with what it must be.
 * They ask again what fails before its first byte as usual clients do: twice, after a while.
 */
final class LoadClients implements AutoCloseable {
    private static final int RETRIES = 2;
    private static final long RETRY_MILLIS = 500;

    /** Between an answer and the next question: the machine must not be the limit. */
    private static final long PAUSE_MILLIS = 150;

    private final List<Question> questions;
    private final Map<Question, Answer> expected;
    private final Ledger ledger;
    private final int newest;
    private final Set<Question> answered = ConcurrentHashMap.newKeySet();
    private final List<Thread> threads = new ArrayList<>();
    private volatile int opened;
    private volatile boolean stopped;

    /**
     * @param questions all that may ever be asked, the first ones from the start
     * @param newest how many of those opened last are asked more often
     */
    LoadClients(List<Question> questions, int newest, Map<Question, Answer> expected, Ledger ledger) {
        this.questions = questions;
        this.newest = newest;
        this.expected = expected;
        this.ledger = ledger;
    }

    /** Lets the next so many questions be asked, too. */
    void open(int more) {
        opened = Math.min(questions.size(), opened + more);
    }

    /** Those that were answered at least once. */
    Set<Question> answered() {
        return Set.copyOf(answered);
    }

    void start(Asker asker) {
        int number = threads.size();
        var thread = new Thread(() -> ask(asker, new Random(number)), "kvern-client-" + number);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    private void ask(Asker asker, Random random) {
        try (asker) {
            while (!stopped) {
                ledger.add(ask(asker, choose(random)));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS));
            }
        }
    }

    /** Every other question is one of the newest. */
    private Question choose(Random random) {
        int known = opened;
        int from = random.nextBoolean() ? known - newest : 0;
        return questions.get(from + random.nextInt(known - from));
    }

    private Ledger.Entry ask(Asker asker, Question question) {
        long start = System.nanoTime();
        for (int retries = 0; ; retries++) {
            try {
                Answer answer = asker.ask(question);
                String problem = difference(question, answer);
                answered.add(question);
                return new Ledger.Entry(asker.kind(), Optional.of(answer), retries, millisSince(start), problem);
            } catch (AskFailed e) {
                if (!e.isRetriable() || retries == RETRIES) {
                    return new Ledger.Entry(
                            asker.kind(), Optional.empty(), retries, millisSince(start), "failed: " + e.getMessage());
                }
                System.out.println("asked again after: " + e.getMessage());
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(RETRY_MILLIS << retries));
            }
        }
    }

    private String difference(Question question, Answer answer) {
        Answer right = Objects.requireNonNull(expected.get(question));
        boolean same = right.text().equals(answer.text())
                && (answer.tokens().isEmpty() || answer.tokens().equals(right.tokens()));
        return same
                ? ""
                : "another answer to question " + question.number() + ": " + answer + " (expected: " + right + ")";
    }

    private static double millisSince(long start) {
        return (System.nanoTime() - start) / 1e6;
    }

    /** Lets running requests end. */
    @Override
    public void close() {
        stopped = true;
        for (Thread thread : threads) {
            try {
                thread.join(TimeUnit.MINUTES.toMillis(1));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
