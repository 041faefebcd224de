package dev.kvern.launcher.bench.scale;

import java.time.Duration;

/** Processor time that a process has used. Immutable. */
record CpuTime(ProcessHandle process) {
    static CpuTime ofThisProcess() {
        return new CpuTime(ProcessHandle.current());
    }

    /** @throws IllegalStateException if it has ended */
    static CpuTime of(long pid) {
        return new CpuTime(ProcessHandle.of(pid).orElseThrow(() -> new IllegalStateException("no process " + pid)));
    }

    /** Since its start, to a hundredth of a second; 0 if nobody can tell. */
    long nanos() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos();
    }
}
