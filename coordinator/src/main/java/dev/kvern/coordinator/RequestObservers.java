package dev.kvern.coordinator;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import dev.kvern.coordinator.front.RequestListener;
import dev.kvern.coordinator.http.DashboardData;
import dev.kvern.coordinator.stats.CoordinatorMetrics;
import dev.kvern.coordinator.stats.EventLog;
import dev.kvern.coordinator.stats.HotPrefixes.Block;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.v1.LeadingBlocks;
import dev.kvern.v1.PromptSpan;
import dev.kvern.v1.TokenSource;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes requests that ended on to all that keep something of them. Safe for use by several threads. */
final class RequestObservers implements RequestListener {
    private static final Logger log = LoggerFactory.getLogger(RequestObservers.class);

    private final DashboardData data;
    private final CoordinatorMetrics metrics;

    RequestObservers(DashboardData data, CoordinatorMetrics metrics) {
        this.data = data;
        this.metrics = metrics;
    }

    @Override
    public void ended(RequestRecord record) {
        data.requests().add(record);
        metrics.ended(record);
        data.saved().add(record);
        if (record.timed()) {
            data.ttft().add(data.epochMillis().getAsLong(), record.ttftMillis(), record.cachedTokens() > 0);
        }
        if (record.outcome() == RequestRecord.Outcome.FAILED) {
            data.events()
                    .add(
                            EventLog.Kind.REQUEST,
                            EventLog.Severity.ERROR,
                            record.requestId(),
                            record.error() == null ? "failed" : record.error());
        }
    }

    @Override
    public void named(RequestRecord record, LeadingBlocks prompt) {
        try {
            data.prefixes()
                    .add(
                            record.model(),
                            NamespaceId.of(prompt.getNamespace()),
                            blocks(record, prompt),
                            data.epochMillis().getAsLong());
        } catch (IllegalArgumentException e) {
            log.warn("request {}: a runner named its blocks wrongly: {}", record.requestId(), e.getMessage());
        }
    }

    private static List<Block> blocks(RequestRecord record, LeadingBlocks prompt) {
        int tokens = prompt.getBlockTokens();
        var reused = new Reused(record.usage().getSpansList());
        var blocks = new ArrayList<Block>();
        for (int i = 0; i < prompt.getDigestsCount(); i++) {
            String text = i < prompt.getTextsCount() ? prompt.getTexts(i) : "";
            blocks.add(new Block(BlockDigest.of(prompt.getDigests(i)), text, tokens, reused.ofNext(tokens)));
        }
        return blocks;
    }

    /** Walks along a prompt's spans. */
    private static final class Reused {
        private final List<PromptSpan> spans;
        private int span;
        private int taken;

        private Reused(List<PromptSpan> spans) {
            this.spans = spans;
        }

        private int ofNext(int tokens) {
            int reused = 0;
            int left = tokens;
            while (left > 0 && span < spans.size()) {
                PromptSpan at = spans.get(span);
                int here = Math.min(left, at.getTokens() - taken);
                TokenSource source = at.getSource();
                reused += source == TokenSource.TOKEN_SOURCE_LOCAL
                                || source == TokenSource.TOKEN_SOURCE_HOST
                                || source == TokenSource.TOKEN_SOURCE_CLUSTER
                        ? here
                        : 0;
                left -= here;
                taken += here;
                if (taken >= at.getTokens()) {
                    span++;
                    taken = 0;
                }
            }
            return reused;
        }
    }
}
