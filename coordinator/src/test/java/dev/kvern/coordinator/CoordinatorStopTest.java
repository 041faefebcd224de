package dev.kvern.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CoordinatorStopTest {
    private long nowMillis = 1_000;

    /** When the last call under way ends by itself. */
    private long endsAtMillis;

    /** What it takes for calls to hear that they are cut; never if negative. */
    private long hearsMillis;

    private long cutAtMillis = Long.MAX_VALUE;
    private final List<String> done = new ArrayList<>();

    private final CoordinatorStop stop = new CoordinatorStop(
            new CoordinatorStop.Steps() {
                @Override
                public void unready() {
                    note("unready");
                }

                @Override
                public void refuse(long graceMillis) {
                    note("refuse for " + graceMillis);
                }

                @Override
                public int underWay() {
                    boolean told = hearsMillis >= 0 && nowMillis - cutAtMillis >= hearsMillis;
                    return nowMillis >= endsAtMillis || told ? 0 : 3;
                }

                @Override
                public void cut() {
                    cutAtMillis = nowMillis;
                    note("cut");
                }

                @Override
                public void end() {
                    note("end");
                }
            },
            () -> TimeUnit.MILLISECONDS.toNanos(nowMillis),
            millis -> nowMillis += millis);

    private void note(String step) {
        done.add(nowMillis + " " + step);
    }

    @Test
    void withNothingUnderWayThereIsNothingToWaitFor() {
        stop.run(0, 60_000);
        assertThat(done).containsExactly("1000 unready", "1000 refuse for 60000", "1000 end");
    }

    @Test
    void callsAreTakenForTheWholeDelayAndThenHaveTheirTime() {
        endsAtMillis = 9_010;
        stop.run(5_000, 60_000);
        // A look every 20 ms.
        assertThat(done).containsExactly("1000 unready", "6000 refuse for 60000", "9020 end");
    }

    @Test
    void whatTakesTooLongIsCutAndHearsWhy() {
        endsAtMillis = Long.MAX_VALUE;
        hearsMillis = 100;
        stop.run(10, 2_000);
        assertThat(done).containsExactly("1000 unready", "1010 refuse for 2000", "3010 cut", "3110 end");
    }

    @Test
    void whoHearsNothingIsNotWaitedForEither() {
        endsAtMillis = Long.MAX_VALUE;
        hearsMillis = -1;
        stop.run(0, 0);
        assertThat(done).containsExactly("1000 unready", "1000 refuse for 0", "1000 cut", "2000 end");
    }
}
