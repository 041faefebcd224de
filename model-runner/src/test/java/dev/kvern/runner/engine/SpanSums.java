package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

/** What must hold of every finished request's spans. */
final class SpanSums {
    private SpanSums() {}

    static void check(Usage usage) {
        assertThat(sum(usage, Source.LOCAL)).isEqualTo(usage.localTokens());
        assertThat(sum(usage, Source.HOST)).isEqualTo(usage.hostTokens());
        assertThat(sum(usage, Source.CLUSTER)).isEqualTo(usage.clusterTokens());
        assertThat(sum(usage, Source.COMPUTED)).isEqualTo(usage.computedTokens());
        assertThat(usage.spans().stream().mapToInt(PromptSpan::tokens).sum()).isEqualTo(usage.promptTokens());
    }

    private static int sum(Usage usage, Source source) {
        return usage.spans().stream()
                .filter(span -> span.source() == source)
                .mapToInt(PromptSpan::tokens)
                .sum();
    }
}
