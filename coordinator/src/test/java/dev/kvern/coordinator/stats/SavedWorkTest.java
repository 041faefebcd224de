package dev.kvern.coordinator.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvern.v1.Usage;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class SavedWorkTest {
    private final SavedWork saved = new SavedWork();

    @Test
    void tokensOverSpeedLessFetching() {
        saved.add(request("cuda:1", 1_000, 500, 0));
        saved.add(request("cuda:0", 1_000, 0, 360));
        saved.add(request("cpu", 10, 0, 0));
        assertThat(saved.sums()).extracting(SavedWork.Saved::kind).containsExactly("cpu", "cuda");
        SavedWork.Saved cpu = saved.sums().get(0);
        assertThat(cpu.tokens()).isEqualTo(3_000);
        assertThat(cpu.seconds()).isEqualTo(300);
        assertThat(cpu.wattHours()).as("nobody said what it draws").isEmpty();
        SavedWork.Saved cuda = saved.sums().get(1);
        assertThat(cuda.tokens()).isEqualTo(6_000);
        assertThat(cuda.seconds()).isEqualTo(5.5, within(1e-9));
        assertThat(cuda.wattHours().orElseThrow()).isEqualTo(3.0 * 360 / 3_600, within(1e-9));
    }

    @Test
    void withoutASpeedNothingIsSaid() {
        assertThat(request("cpu", 0, 0, 0).savedSeconds()).isEqualTo(OptionalDouble.empty());
        saved.add(request("cpu", 0, 0, 0));
        assertThat(saved.sums()).isEmpty();
    }

    @Test
    void fetchingThatTookLongerThanComputingCounts() {
        assertThat(request("cpu", 3_000, 4_000, 0).savedSeconds()).hasValue(-3);
    }

    private static RequestRecord request(String device, double speed, double fetchMillis, double watts) {
        var usage = Usage.newBuilder()
                .setPromptTokens(4_000)
                .setCachedLocalTokens(1_000)
                .setCachedClusterTokens(2_000)
                .setComputedTokens(1_000)
                .setFetchMillis(fetchMillis)
                .build();
        return new RequestRecord(
                "r",
                1,
                "a",
                "m",
                usage,
                5,
                10,
                RequestRecord.Outcome.STOP,
                1,
                null,
                new RequestDetail(List.of(), device, speed, watts, ""));
    }
}
