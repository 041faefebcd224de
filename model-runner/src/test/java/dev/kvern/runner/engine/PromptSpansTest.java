package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PromptSpansTest {
    private final PromptSpans spans = new PromptSpans();

    @Test
    void neighboursOfOneSourceAreOneSpan() {
        spans.add(Source.LOCAL, 32);
        spans.add(Source.CLUSTER, 0);
        spans.add(Source.LOCAL, 16);
        spans.add(Source.COMPUTED, 5);
        spans.add(Source.LOCAL, 16);
        assertThat(spans.toList())
                .containsExactly(
                        new PromptSpan(Source.LOCAL, 48),
                        new PromptSpan(Source.COMPUTED, 5),
                        new PromptSpan(Source.LOCAL, 16));
        spans.clear();
        assertThat(spans.toList()).isEmpty();
    }

    @Test
    void tooManyEndInOneThatStandsForAll() {
        for (int i = 0; i < 1_000; i++) {
            spans.add(i % 2 == 0 ? Source.LOCAL : Source.COMPUTED, 3);
        }
        List<PromptSpan> all = spans.toList();
        assertThat(all).hasSize(PromptSpans.MOST);
        assertThat(all.get(PromptSpans.MOST - 2)).isEqualTo(new PromptSpan(Source.LOCAL, 3));
        assertThat(all.get(PromptSpans.MOST - 1).source()).isEqualTo(Source.SEVERAL);
        assertThat(all.stream().mapToInt(PromptSpan::tokens).sum()).isEqualTo(3_000);
    }
}
