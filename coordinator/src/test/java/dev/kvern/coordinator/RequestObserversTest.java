package dev.kvern.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.coordinator.http.DashboardData;
import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.coordinator.stats.CoordinatorMetrics;
import dev.kvern.coordinator.stats.EventLog;
import dev.kvern.coordinator.stats.HotPrefixes.Prefix;
import dev.kvern.coordinator.stats.RequestDetail;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.coordinator.stats.RequestRecord.Outcome;
import dev.kvern.coordinator.stats.TtftHistory;
import dev.kvern.v1.LeadingBlocks;
import dev.kvern.v1.PromptSpan;
import dev.kvern.v1.TokenSource;
import dev.kvern.v1.Usage;
import java.util.List;
import org.junit.jupiter.api.Test;

class RequestObserversTest {
    private final MemberRegistry members =
            new MemberRegistry(new MembershipLimits(100, 400, 60_000, 10), new SteppedClock());
    private final DashboardData data = DashboardDataForTests.of(members);
    private final CoordinatorMetrics metrics =
            new CoordinatorMetrics(data.figures(), members, new PrefixIndex(10), data.saved());
    private final RequestObservers observers = new RequestObservers(data, metrics);

    @Test
    void tokensOfABlockCountAsReusedByWhereTheSpansSayTheyCameFrom() {
        RequestRecord record = record(Outcome.STOP, null);
        observers.ended(record);
        // Four blocks of 4: local 6, cluster 4, computed 5, and a token behind the last block.
        observers.named(record, blocks(16).build());
        Prefix prefix = data.prefixes().hottest(10, DashboardDataForTests.NOW).get(0);
        assertThat(prefix.tokens()).isEqualTo(16);
        assertThat(prefix.reusedTokens()).isEqualTo(10);
        assertThat(prefix.text()).isEqualTo("abcd");
        assertThat(data.ttft().window(DashboardDataForTests.NOW).hit().count()).isEqualTo(1);
        assertThat(data.saved().sums()).hasSize(1);
        assertThat(data.events().after(0)).isEmpty();
    }

    @Test
    void whatFailedIsAnEventAndABadNameIsNone() {
        RequestRecord record = record(Outcome.FAILED, "INTERNAL: broken");
        observers.ended(record);
        assertThat(data.events().after(0)).extracting(EventLog.Event::text).containsExactly("INTERNAL: broken");
        observers.ended(record(Outcome.REFUSED, "NOT_FOUND: model"));
        assertThat(data.events().after(0)).as("refused").hasSize(1);
        observers.named(
                record,
                blocks(16).setNamespace(ByteString.copyFromUtf8("short")).build());
        assertThat(data.prefixes().size()).isZero();
    }

    @Test
    void timesToFirstTokenAreOfRequestsWhoseReuseIsKnown() {
        for (Outcome outcome : Outcome.values()) {
            observers.ended(record(outcome, null));
        }
        TtftHistory.Point times = data.ttft().window(DashboardDataForTests.NOW);
        assertThat(times.hit().count()).as("stop and length").isEqualTo(2);
        assertThat(times.miss().count()).isZero();
        assertThat(metrics.scrape())
                .contains("kvern_ttft_seconds_count{reuse=\"hit\"} 2")
                .doesNotContain("reuse=\"miss\"");
    }

    private static LeadingBlocks.Builder blocks(int tokens) {
        return LeadingBlocks.newBuilder()
                .setNamespace(ByteString.copyFrom(new byte[32]))
                .setBlockTokens(4)
                .addAllTexts(List.of("a", "b", "c", "d"))
                .addAllDigests(new BlockChain(4)
                        .digests(new int[tokens]).stream()
                                .map(BlockDigest::toByteString)
                                .toList());
    }

    private static RequestRecord record(Outcome outcome, @org.jspecify.annotations.Nullable String error) {
        var usage = Usage.newBuilder()
                .setPromptTokens(17)
                .setCachedLocalTokens(6)
                .setCachedClusterTokens(4)
                .setComputedTokens(7);
        usage.addSpans(span(TokenSource.TOKEN_SOURCE_LOCAL, 6));
        usage.addSpans(span(TokenSource.TOKEN_SOURCE_CLUSTER, 4));
        usage.addSpans(span(TokenSource.TOKEN_SOURCE_COMPUTED, 7));
        return new RequestRecord(
                "q",
                1,
                "a",
                "m",
                usage.build(),
                5,
                9,
                outcome,
                1,
                error,
                new RequestDetail(List.of(), "cpu", 100, 0, ""));
    }

    private static PromptSpan span(TokenSource source, int tokens) {
        return PromptSpan.newBuilder().setSource(source).setTokens(tokens).build();
    }
}
