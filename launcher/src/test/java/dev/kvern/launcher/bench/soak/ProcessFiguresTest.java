package dev.kvern.launcher.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.rpc.KvernException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What the operating system and the JVM say of a process, in their own words. */
class ProcessFiguresTest {
    private static final List<String> STATUS = List.of(
            "Name:\tjava",
            "VmPeak:\t 2964336 kB",
            "VmRSS:\t  360080 kB",
            "RssAnon:\t  330000 kB",
            "RssFile:\t   30080 kB",
            "Threads:\t47",
            "SigQ:\t0/94110");

    private static final String SUMMARY = """

            Native Memory Tracking:

            (Omitting categories weighting less than 1KB)

            Total: reserved=1968123KB, committed=612345KB
            -                 Java Heap (reserved=524288KB, committed=524288KB)
                                        (mmap: reserved=524288KB, committed=524288KB)

            -                     Other (reserved=24001KB, committed=24000KB)
                                        (malloc=24001KB #47)
            """;

    @Test
    void readsTheStatusOfAProcess() {
        assertThat(ProcStatus.parse(STATUS, 12)).isEqualTo(new ProcStatus(360_080 << 10, 330_000 << 10, 47, 12));
    }

    @Test
    void namesWhatTheStatusLacks() {
        assertThatThrownBy(() -> ProcStatus.parse(STATUS.subList(0, 3), 12))
                .isInstanceOf(KvernException.class)
                .hasMessageContaining("no RssAnon: (expected: a line)");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void readsThisProcess() {
        ProcStatus status = ProcStatus.read(ProcessHandle.current().pid());
        assertThat(status.anonymousBytes()).isPositive().isLessThan(status.residentBytes());
        assertThat(status.threads()).isPositive();
        assertThat(status.files()).isPositive();
    }

    @Test
    void saysThatThereIsNoSuchProcess() {
        long none = Integer.MAX_VALUE;
        assertThatThrownBy(() -> ProcStatus.read(none))
                .isInstanceOf(KvernException.class)
                .hasMessageContaining("/proc/" + none)
                .hasMessageContaining("expected: a process of this user's that lives");
    }

    @Test
    void readsNativeMemoryTracking() {
        assertThat(NativeMemory.parse(SUMMARY)).isEqualTo(new NativeMemory(612_345 << 10, 24_000 << 10));
    }

    @Test
    void aJvmThatHasGivenNothingOutSaysNothingOfIt() {
        String without = SUMMARY.replaceAll("(?s)-\\s+Other.*", "");
        assertThat(NativeMemory.parse(without).outsideHeapBytes()).isZero();
    }

    @Test
    void saysThatTrackingIsOff() {
        assertThatThrownBy(() -> NativeMemory.parse("Native memory tracking is not enabled\n"))
                .isInstanceOf(KvernException.class)
                .hasMessageContaining("'Native memory tracking is not enabled...'");
    }

    @Test
    void theHeapIsAsLargeFromTheStartAsItMayBecome() {
        assertThat(ProcessProbe.jvmFlags(List.of("-Xms64m", "-Xmx384m", "-XX:+UseG1GC")))
                .contains("-Xms384m", "-XX:+AlwaysPreTouch", "-XX:NativeMemoryTracking=summary");
    }
}
