package dev.kvern.runner.engine;

import java.util.ArrayList;
import java.util.List;

/** Where a prompt's tokens came from, from the first one on; neighbours of one source are one span. Confined to a thread. */
final class PromptSpans {
    /** Most spans kept; what comes behind them is one of {@link Source#SEVERAL}. */
    static final int MOST = 256;

    private final List<PromptSpan> spans = new ArrayList<>();

    void add(Source source, int tokens) {
        if (tokens == 0) {
            return;
        }
        PromptSpan last = spans.isEmpty() ? null : spans.get(spans.size() - 1);
        if (last != null && (last.source() == source || last.source() == Source.SEVERAL)) {
            spans.set(spans.size() - 1, new PromptSpan(last.source(), last.tokens() + tokens));
        } else {
            spans.add(new PromptSpan(spans.size() == MOST - 1 ? Source.SEVERAL : source, tokens));
        }
    }

    void clear() {
        spans.clear();
    }

    List<PromptSpan> toList() {
        return List.copyOf(spans);
    }
}
