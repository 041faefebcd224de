package dev.kvern.it;

import static org.assertj.core.api.Assertions.fail;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Waits for what other processes do, as long as it takes and no longer. */
public final class Await {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(25);

    private Await() {}

    /** Looks until what is seen is as wanted, and returns it; fails with the last that was seen. */
    public static <T> T until(String what, long limitSeconds, Supplier<T> look, Predicate<T> wanted) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds);
        while (true) {
            T seen = look.get();
            if (wanted.test(seen)) {
                return seen;
            }
            if (System.nanoTime() - deadline > 0) {
                return fail("waited %d s in vain for %s; last seen: %s", limitSeconds, what, seen);
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }
}
