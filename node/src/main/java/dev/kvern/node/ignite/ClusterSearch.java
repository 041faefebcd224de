package dev.kvern.node.ignite;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for a cluster before Ignite does, which begins one of its own as soon as nobody answers: wrongly, while name servers do not
 * have all nodes yet, or have none because they are down themselves; clusters never unite. Here nobody is taken for alone before it
 * has looked in vain for a while, and that counts only while the list has this node itself: then it is as new as this node, and
 * those that ran before are in it. Nodes that start together look for equally long and then find each other by Ignite's own rules,
 * in which each listens before it asks. Confined to a thread.
 */
final class ClusterSearch {
    private static final Logger log = LoggerFactory.getLogger(ClusterSearch.class);
    private static final long LOOK_MILLIS = 500;
    private static final long TELL_MILLIS = 10_000;

    private final Supplier<? extends Collection<InetSocketAddress>> listed;
    private final Predicate<InetSocketAddress> own;
    private final Predicate<InetSocketAddress> answers;
    private final LongSupplier nanoTime;
    private final LongConsumer pause;

    /**
     * @param listed where nodes are now, as far as is known
     * @param own whether an address is this node's
     * @param answers whether a node listens there
     * @param pause waits for so many milliseconds
     */
    ClusterSearch(
            Supplier<? extends Collection<InetSocketAddress>> listed,
            Predicate<InetSocketAddress> own,
            Predicate<InetSocketAddress> answers,
            LongSupplier nanoTime,
            LongConsumer pause) {
        this.listed = listed;
        this.own = own;
        this.answers = answers;
        this.nanoTime = nanoTime;
        this.pause = pause;
    }

    /** On the system's clock. */
    ClusterSearch(
            Supplier<? extends Collection<InetSocketAddress>> listed,
            Predicate<InetSocketAddress> own,
            Predicate<InetSocketAddress> answers) {
        this(
                listed,
                own,
                answers,
                System::nanoTime,
                millis -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis)));
    }

    /**
     * Waits until another node answers, or it is certain enough that there is none.
     *
     * @param aloneMillis for how long nobody must have answered; 0: does not look
     * @throws KvernException CANCELLED if the thread is interrupted
     */
    void await(long aloneMillis) {
        long began = nanoTime.getAsLong();
        long told = began;
        long aloneSince = began;
        boolean alone = false;
        while (aloneMillis > 0) {
            List<InetSocketAddress> others = new ArrayList<>(listed.get());
            boolean listsThis = others.removeIf(own);
            // Whoever answers first will do, and need not be the same for all that start.
            Collections.shuffle(others);
            if (others.stream().anyMatch(answers)) {
                return;
            }
            long now = nanoTime.getAsLong();
            if (!listsThis || !alone) {
                // From the first look that has come to its end.
                alone = listsThis;
                aloneSince = now;
            } else if (passed(aloneSince, now) >= aloneMillis) {
                log.info("no other node has answered for {} ms: if none does now, a cluster begins", aloneMillis);
                return;
            }
            if (passed(told, now) >= TELL_MILLIS) {
                told = now;
                log.warn(
                        "nobody answers at the addresses of other nodes, {}; {}",
                        others,
                        listsThis
                                ? "looking on before a cluster begins"
                                : "ignite.addresses stand for this node neither, so others may be missing: looking on");
            }
            pause.accept(LOOK_MILLIS);
            if (Thread.currentThread().isInterrupted()) {
                throw new KvernException(ErrorReason.CANCELLED, "interrupted while looking for other nodes");
            }
        }
    }

    private static long passed(long since, long now) {
        return TimeUnit.NANOSECONDS.toMillis(now - since);
    }
}
