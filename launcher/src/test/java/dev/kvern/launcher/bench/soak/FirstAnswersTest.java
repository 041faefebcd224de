package dev.kvern.launcher.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class FirstAnswersTest {
    private final FirstAnswers answers = new FirstAnswers();

    @Test
    void laterAnswersAreComparedAsFarAsBothGo() {
        assertThat(answers.check(1, List.of(5, 6))).isEmpty();
        assertThat(answers.check(1, List.of(5))).isEmpty();
        assertThat(answers.check(1, List.of(5, 6, 7, 8))).isEmpty();
        assertThat(answers.comparedTokens()).isEqualTo(3);
        assertThat(answers.check(1, List.of(5, 6, 7, 9)))
                .hasValue("prompt 1: token 3 is 9 (expected: 8, as in its first answer)");
    }

    @Test
    void aWrongAnswerDoesNotBecomeTheFirst() {
        assertThat(answers.check(1, List.of(5, 6))).isEmpty();
        assertThat(answers.check(1, List.of(4, 6, 7))).isPresent();
        assertThat(answers.check(1, List.of(5, 6))).isEmpty();
    }

    @Test
    void promptsHaveAnswersOfTheirOwn() {
        assertThat(answers.check(1, List.of(5))).isEmpty();
        assertThat(answers.check(2, List.of(6))).isEmpty();
        assertThat(answers.comparedTokens()).isZero();
        assertThat(answers.prompts()).isEqualTo(2);
    }
}
