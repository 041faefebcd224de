package dev.kvern.coordinator.membership;

import dev.kvern.cluster.Membership;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The first moments of a coordinator, in which it does not know yet who is there. Two things come to an end:
 *
 * <ul>
 *   <li>It is <b>ready</b> for requests once a runner is up and no other has come for as long as members take to try again, and a heartbeat
 *       interval more: then those that lost this coordinator together have all come back, and requests have a choice.
 *   <li>It has <b>settled</b> after a fixed time, by which every member that lives must have registered: from then on it may be
 *       believed that one which it does not name is not there. Then it is ready, too, whoever is there.
 * </ul>
 *
 * Neither ever comes back. Safe for use by several threads; guarded by this, what waits runs on the executor.
 */
public final class Settling implements AutoCloseable {
    private final long settleNanos;
    private final long quietNanos;
    private final LongSupplier nanoTime;
    private final Executor executor;
    private final long startedAt;
    private final Set<Runnable> awaitReady = new LinkedHashSet<>();
    private final List<Runnable> awaitSettled = new ArrayList<>();
    private final Set<String> runners = new HashSet<>();
    private long runnerCameAt;
    private boolean runnerIsUp;
    private volatile boolean ready;
    private volatile boolean settled;

    /**
     * Begins now.
     *
     * @param limits whose {@code settleMillis} may be 0 for one that knows all from the start
     * @param executor runs what waits
     */
    public Settling(MembershipLimits limits, LongSupplier nanoTime, Executor executor) {
        this.settleNanos = TimeUnit.MILLISECONDS.toNanos(limits.settleMillis());
        this.quietNanos = TimeUnit.MILLISECONDS.toNanos(Membership.LONGEST_RETRY_MILLIS + limits.heartbeatMillis());
        this.nanoTime = nanoTime;
        this.executor = executor;
        this.startedAt = nanoTime.getAsLong();
        this.settled = settleNanos == 0;
        this.ready = settled;
    }

    /** Whether requests are welcome. */
    public boolean isReady() {
        return ready;
    }

    /** Whether a member that is not known is not there. */
    public boolean isSettled() {
        return settled;
    }

    /** To be told every new membership. */
    public synchronized void changed(MemberList members) {
        if (ready) {
            return;
        }
        runnerIsUp = false;
        for (MemberStatus runner : members.runners()) {
            runnerIsUp = true;
            if (runners.add(runner.id())) {
                runnerCameAt = nanoTime.getAsLong();
            }
        }
    }

    /** To be called at short intervals. */
    public synchronized void look() {
        if (settled) {
            return;
        }
        long now = nanoTime.getAsLong();
        if (now - startedAt >= settleNanos) {
            settled = true;
            awaitSettled.forEach(executor::execute);
            awaitSettled.clear();
        }
        if (!ready && (settled || (runnerIsUp && now - runnerCameAt >= quietNanos))) {
            becomeReady();
        }
    }

    private void becomeReady() {
        ready = true;
        runners.clear();
        goOn();
    }

    private void goOn() {
        awaitReady.forEach(executor::execute);
        awaitReady.clear();
    }

    /**
     * Runs something once this is ready: at once, on this thread, if it is.
     *
     * @return makes it be forgotten, if it has not begun
     */
    public Runnable whenReady(Runnable step) {
        synchronized (this) {
            if (!ready) {
                awaitReady.add(step);
                return () -> forget(step);
            }
        }
        step.run();
        return () -> {};
    }

    /** How many wait for this to be ready; for tests. */
    public synchronized int waiting() {
        return awaitReady.size();
    }

    private synchronized void forget(Runnable step) {
        awaitReady.remove(step);
    }

    /** Runs something once this has settled; not at all if it has. */
    synchronized void whenSettled(Runnable step) {
        if (!settled) {
            awaitSettled.add(step);
        }
    }

    /** Lets go on what waits, ready or not: the coordinator stops. */
    @Override
    public synchronized void close() {
        goOn();
    }
}
