package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.bench.soak.SoakRequest.Course;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** How calls have ended, and what went wrong with them. Safe for use by several threads; guarded by this. */
final class Tally {
    private static final int MOST_MESSAGES = 20;

    enum Ending {
        ANSWERED("requests answered"),
        CANCELLED("requests cancelled"),
        OUT_OF_TIME("requests out of time"),
        /** Refused as it should be. */
        INVALID("requests invalid"),
        UNEXPECTED("requests unexpected"),
        /** Refused for now: the queues were full. It is sent again. */
        FULL("calls refused for now");

        private final String title;

        Ending(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    private final FirstAnswers answers = new FirstAnswers();
    private final Map<Ending, Integer> endings = new EnumMap<>(Ending.class);
    private final List<String> changedTokens = new ArrayList<>();
    private final List<String> unexpected = new ArrayList<>();
    private int changedAnswers;

    /** Notes how a call has ended. */
    synchronized Ending add(SoakCall call) {
        Ending ending = ending(call.request().course(), call.status());
        endings.merge(ending, 1, Integer::sum);
        if (ending == Ending.UNEXPECTED) {
            note(unexpected, call.request().course() + ": " + call.status());
        }
        if (call.request().greedy()) {
            answers.check(call.request().prompt(), call.tokens()).ifPresent(difference -> {
                changedAnswers++;
                note(changedTokens, difference);
            });
        }
        return ending;
    }

    private static Ending ending(Course course, Status status) {
        return switch (status.getCode()) {
            case OK -> course == Course.INVALID ? Ending.UNEXPECTED : Ending.ANSWERED;
            case CANCELLED -> course == Course.CANCELLED ? Ending.CANCELLED : Ending.UNEXPECTED;
            case DEADLINE_EXCEEDED -> course == Course.SHORT_DEADLINE ? Ending.OUT_OF_TIME : Ending.UNEXPECTED;
            case INVALID_ARGUMENT, NOT_FOUND -> course == Course.INVALID ? Ending.INVALID : Ending.UNEXPECTED;
            case RESOURCE_EXHAUSTED -> course == Course.INVALID ? Ending.UNEXPECTED : Ending.FULL;
            default -> Ending.UNEXPECTED;
        };
    }

    private static void note(List<String> messages, String message) {
        if (messages.size() < MOST_MESSAGES) {
            messages.add(message);
        }
    }

    synchronized int count(Ending ending) {
        return endings.getOrDefault(ending, 0);
    }

    /** Answers of which a token was another than in the first answer to the same prompt. */
    synchronized int changedAnswers() {
        return changedAnswers;
    }

    /** Tokens that were compared and equal. */
    long comparedTokens() {
        return answers.comparedTokens();
    }

    int prompts() {
        return answers.prompts();
    }

    /** The first messages of what went wrong. */
    synchronized List<String> messages() {
        var all = new ArrayList<>(changedTokens);
        all.addAll(unexpected);
        return all;
    }
}
