package dev.kvern.it.deploy;

/**
 * What a probe says once enough attempts in a row agree, as the kubelet counts them. Confined to a thread.
 *
 * @see <a href="https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/prober/worker.go">worker.go</a>
 */
final class ProbeTrack {
    /** What counts. */
    enum Verdict {
        /** Too few attempts agree yet. */
        UNKNOWN,
        SUCCESS,
        FAILURE
    }

    private final int successThreshold;
    private final int failureThreshold;
    private Verdict verdict = Verdict.UNKNOWN;
    private boolean last;
    private int inARow;

    ProbeTrack(int successThreshold, int failureThreshold) {
        this.successThreshold = successThreshold;
        this.failureThreshold = failureThreshold;
    }

    /** An attempt has ended; what counts now. */
    Verdict attempt(boolean success) {
        inARow = inARow > 0 && last == success ? inARow + 1 : 1;
        last = success;
        if (inARow >= (success ? successThreshold : failureThreshold)) {
            verdict = success ? Verdict.SUCCESS : Verdict.FAILURE;
        }
        return verdict;
    }
}
