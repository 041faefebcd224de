package dev.kvern.launcher.bench.scale;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.v1.NodeRebalance;
import dev.kvern.v1.RebalanceStatusResponse;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MovedBytesTest {
    private final MovedBytes moved = new MovedBytes();
    private long seconds;

    /** An answer each second, with what node-1, node-2, ... say. */
    private void saw(long... received) {
        var status = RebalanceStatusResponse.newBuilder();
        for (int i = 0; i < received.length; i++) {
            status.addNodes(
                    NodeRebalance.newBuilder().setNodeId("node-" + (i + 1)).setReceivedBytes(received[i]));
        }
        moved.saw(status.build(), TimeUnit.SECONDS.toNanos(seconds++));
    }

    @Test
    void countsWhatComesAfterTheFirstAnswer() {
        saw(500);
        saw(500);
        assertThat(moved.bytes()).isZero();
        assertThat(moved.seconds()).isZero();
        saw(500, 40);
        saw(500, 70);
        saw(500, 70);
        assertThat(moved.bytes()).isEqualTo(70);
        // From the last answer with nothing to the last one with more.
        assertThat(moved.seconds()).isEqualTo(2);
    }

    @Test
    void aTransferBeginsAtNothing() {
        saw(500, 300);
        saw(20, 300);
        saw(60, 10);
        assertThat(moved.bytes()).isEqualTo(70);
        assertThat(moved.seconds()).isEqualTo(2);
    }
}
