package dev.kvern.coordinator.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.v1.Usage;
import org.junit.jupiter.api.Test;

class RequestLogTest {
    private final RequestLog log = new RequestLog(3);

    @Test
    void keepsTheNewestAndCountsAll() {
        assertThat(log.newest(10)).isEmpty();
        for (int i = 1; i <= 5; i++) {
            log.add(request("q" + i));
        }
        assertThat(log.added()).isEqualTo(5);
        assertThat(log.newest(2)).extracting(RequestLog.Entry::sequence).containsExactly(5L, 4L);
        assertThat(log.before(5, 10))
                .extracting(entry -> entry.record().requestId())
                .containsExactly("q4", "q3");
        assertThat(log.before(3, 10)).isEmpty();
        assertThat(log.before(Long.MAX_VALUE, 1)).hasSize(1);
        assertThat(log.find("q2")).as("gone").isEmpty();
        log.add(request("q4"));
        assertThat(log.find("q4").orElseThrow().sequence())
                .as("the newest of the id")
                .isEqualTo(6);
        assertThat(log.numbered(4).orElseThrow().sequence()).isEqualTo(4);
        assertThat(log.numbered(3)).as("gone").isEmpty();
        assertThat(log.numbered(7)).as("to come").isEmpty();
        assertThat(log.numbered(-1)).isEmpty();
        assertThat(log.numbered(Long.MAX_VALUE)).isEmpty();
    }

    private static RequestRecord request(String id) {
        return new RequestRecord(
                id, 1, "a", "m", Usage.getDefaultInstance(), 0, 0, RequestRecord.Outcome.STOP, 1, null);
    }
}
