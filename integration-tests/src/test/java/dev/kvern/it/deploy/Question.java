package dev.kvern.it.deploy;

import dev.kvern.it.Requests;
import dev.kvern.v1.Prompt;
import java.util.ArrayList;
import java.util.List;

/**
 * A prompt that begins as others do and ends as none does.
 *
 * @param answerTokens how many are asked for
 */
record Question(int number, List<Integer> tokens, int answerTokens) {
    private static final int SHORT_ANSWER = 12;

    /** Takes long enough that whoever ends meanwhile has to wait for it. */
    private static final int LONG_ANSWER = 96;

    /** Six chunks of the cache tier. */
    private static final int SHARED_TOKENS = 384;

    /** One more chunk, and some. */
    private static final int OWN_TOKENS = 80;

    /** So many for each of so many beginnings; the last of each has a long answer. */
    static List<Question> about(int beginnings, int each) {
        var questions = new ArrayList<Question>();
        for (int beginning = 0; beginning < beginnings; beginning++) {
            List<Integer> shared = ids(Requests.prompt(beginning, SHARED_TOKENS));
            for (int i = 0; i < each; i++) {
                var tokens = new ArrayList<>(shared);
                tokens.addAll(ids(Requests.prompt(1_000 + questions.size(), OWN_TOKENS)));
                int answer = i == each - 1 ? LONG_ANSWER : SHORT_ANSWER;
                questions.add(new Question(questions.size(), List.copyOf(tokens), answer));
            }
        }
        return questions;
    }

    private static List<Integer> ids(Prompt prompt) {
        return prompt.getTokenIds().getIdsList();
    }

    Prompt prompt() {
        return Requests.prompt(tokens);
    }
}
