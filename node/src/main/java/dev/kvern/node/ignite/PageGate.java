package dev.kvern.node.ignite;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.ignite.Ignite;
import org.apache.ignite.lifecycle.LifecycleBean;
import org.apache.ignite.lifecycle.LifecycleEventType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts who reads Ignite's pages where they lie. Before the node stops, for whatever reason, nobody may begin any more, and those who
 * have begun are waited for: the pages are given back to the operating system then, and reading them would end the process. Safe for use
 * by several threads.
 */
final class PageGate implements LifecycleBean {
    private static final Logger log = LoggerFactory.getLogger(PageGate.class);

    /** Callers that take nothing are not waited for: what they are to get next is refused once the gate is shut. */
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private int within;
    private volatile boolean shut;

    /** The gate that a node was started with, if it was. */
    static Optional<PageGate> of(Ignite ignite) {
        LifecycleBean @Nullable [] beans = ignite.configuration().getLifecycleBeans();
        return beans == null
                ? Optional.empty()
                : Arrays.stream(beans)
                        .filter(PageGate.class::isInstance)
                        .map(PageGate.class::cast)
                        .findFirst();
    }

    /** Lets a reader in, who is to {@link #leave}; false if the node is stopping. */
    synchronized boolean enter() {
        if (shut) {
            return false;
        }
        within++;
        return true;
    }

    synchronized void leave() {
        within--;
        notifyAll();
    }

    /** To be asked before each look at the pages. */
    void check() {
        if (shut) {
            throw new KvernException(
                    ErrorReason.UNAVAILABLE, "the node is stopping (expected: to be asked for again at another)");
        }
    }

    @Override
    public void onLifecycleEvent(LifecycleEventType event) {
        if (event == LifecycleEventType.BEFORE_NODE_STOP) {
            shut();
        }
    }

    private synchronized void shut() {
        shut = true;
        long deadline = System.nanoTime() + WAIT_NANOS;
        try {
            for (long left = WAIT_NANOS; within > 0 && left > 0; left = deadline - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (within > 0) {
            log.warn("{} blocks are still being sent as the node stops; they end here", within);
        }
    }
}
