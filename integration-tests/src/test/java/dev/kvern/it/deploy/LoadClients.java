package dev.kvern.it.deploy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
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
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;

    LoadClients(List<Question> questions, Map<Question, Answer> expected, Ledger ledger) {
        this.questions = questions;
        this.expected = expected;
        this.ledger = ledger;
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
                ledger.add(ask(asker, questions.get(random.nextInt(questions.size()))));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS));
            }
        }
    }

    private Ledger.Entry ask(Asker asker, Question question) {
        long start = System.nanoTime();
        for (int retries = 0; ; retries++) {
            try {
                Answer answer = asker.ask(question);
                String problem = difference(question, answer);
                return new Ledger.Entry(
                        asker.kind(), retries, millisSince(start), answer.promptTokens(), answer.cachedTokens(), problem);
            } catch (AskFailed e) {
                if (!e.isRetriable() || retries == RETRIES) {
                    return new Ledger.Entry(asker.kind(), retries, millisSince(start), 0, 0, "failed: " + e.getMessage());
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
        return same ? "" : "another answer to question " + question.number() + ": " + answer + " (expected: " + right + ")";
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
