package dev.kvern.coordinator.membership;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * The first moments of a coordinator, in which it does not know yet who is there. Two things come to an end:
 *
 * <ul>
 *   <li>It is <b>ready</b> for requests once a runner is up, no other has come for a while, and all those that are up have told what their
 *       pools hold: then those that lost this coordinator together have all come back, and requests have a choice.
 *   <li>It has <b>settled</b> after a fixed time, by which every member that lives must have registered: from then on it may be
 *       believed that one which it does not name is not there. Then it is ready, too, whoever is there.
 * </ul>
 *
 * Neither ever comes back. Safe for use by several threads; guarded by this, what waits runs on the executor.
 */
public final class Settling implements AutoCloseable {
    private final long settleNanos;
    private final long quietNanos;
    private final int mostMembers;
    private final LongSupplier nanoTime;
    private final Executor executor;
    private final long startedAt;
    private final Set<Conditional> awaitCondition = new LinkedHashSet<>();
    private final List<Runnable> awaitSettled = new ArrayList<>();
    private final Set<String> came = new HashSet<>();
    private final Set<String> up = new HashSet<>();
    private final Set<String> replayed = new HashSet<>();
    private long runnerCameAt;
    private volatile boolean ready;
    private volatile boolean settled;
    private boolean closed;

    /** What is to be done once there is what it needs. */
    private record Conditional(BooleanSupplier condition, Runnable step) {}

    /**
     * Begins now.
     *
     * @param limits whose {@code settleMillis} may be 0 for one that knows all from the start
     * @param executor runs what waits
     */
    public Settling(MembershipLimits limits, LongSupplier nanoTime, Executor executor) {
        this.settleNanos = TimeUnit.MILLISECONDS.toNanos(limits.settleMillis());
        this.quietNanos = TimeUnit.MILLISECONDS.toNanos(limits.quietMillis());
        this.mostMembers = limits.maxMembers();
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
        up.clear();
        for (MemberStatus runner : members.runners()) {
            up.add(runner.id());
            if (came.add(runner.id())) {
                runnerCameAt = nanoTime.getAsLong();
            }
        }
    }

    /** To be told when a runner begins to say what its pool holds, and when what it has said is forgotten. */
    synchronized void replaying(String runnerId) {
        replayed.remove(runnerId);
    }

    /** To be told once a runner has said all that its pool holds; it may do so before it is a member. */
    synchronized void replayed(String runnerId) {
        if (!ready && replayed.size() < mostMembers) {
            replayed.add(runnerId);
        }
    }

    private boolean hasHeardOfAllThatAreUp(long now) {
        return !up.isEmpty() && now - runnerCameAt >= quietNanos && replayed.containsAll(up);
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
        if (!ready && (settled || hasHeardOfAllThatAreUp(now))) {
            ready = true;
            came.clear();
            replayed.clear();
        }
        awaitCondition.removeIf(this::begun);
    }

    private boolean begun(Conditional waiting) {
        if (settled || waiting.condition().getAsBoolean()) {
            executor.execute(waiting.step());
            return true;
        }
        return false;
    }

    /**
     * Runs something once this is ready: at once, on this thread, if it is.
     *
     * @return makes it be forgotten, if it has not begun
     */
    public Runnable whenReady(Runnable step) {
        return when(this::isReady, step);
    }

    /**
     * Runs something once a condition holds, or this has settled: until then what it needs may be about to come. On this thread
     * if that is so already.
     *
     * @param condition quick to ask, as it is asked at each look
     * @return makes it be forgotten, if it has not begun
     */
    public Runnable when(BooleanSupplier condition, Runnable step) {
        synchronized (this) {
            if (!settled && !closed && !condition.getAsBoolean()) {
                var waiting = new Conditional(condition, step);
                awaitCondition.add(waiting);
                return () -> forget(waiting);
            }
        }
        step.run();
        return () -> {};
    }

    /** How many wait for what they need; for tests. */
    public synchronized int waiting() {
        return awaitCondition.size();
    }

    private synchronized void forget(Conditional waiting) {
        awaitCondition.remove(waiting);
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
        closed = true;
        awaitCondition.forEach(waiting -> executor.execute(waiting.step()));
        awaitCondition.clear();
    }
}
