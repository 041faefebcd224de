package dev.kvern.coordinator;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * How a coordinator ends when it is told to. Load balancers need a moment to notice that it is not ready any more: until then calls
 * are taken as before. Then those under way go on for a while, and members keep the links that their answers need until the end.
 * Immutable.
 *
 * @param steps what there is to do
 * @param nanoTime the clock
 * @param pause waits for so many milliseconds
 */
record CoordinatorStop(Steps steps, LongSupplier nanoTime, LongConsumer pause) {
    private static final long LOOK_MILLIS = 20;

    /** For callers to be told why their calls are ended. */
    static final long LAST_WORDS_MILLIS = 1_000;

    /** What is done, in this order. */
    interface Steps {
        /** Says to who asks that this coordinator is not ready, and to callers that they should connect anew. */
        void unready();

        /**
         * Takes no new call.
         *
         * @param graceMillis how long those under way may take
         */
        void refuse(long graceMillis);

        /** Calls under way. */
        int underWay();

        /** Ends what is still under way with an error. */
        void cut();

        /** Ends all else. */
        void end();
    }

    /** On the system's clock. */
    static CoordinatorStop of(Steps steps) {
        return new CoordinatorStop(
                steps, System::nanoTime, millis -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis)));
    }

    /**
     * Blocks until nobody is served any more.
     *
     * @param delayMillis how long new calls are still taken
     * @param graceMillis how long those under way may take after that
     */
    void run(long delayMillis, long graceMillis) {
        steps.unready();
        await(delayMillis, () -> false);
        steps.refuse(graceMillis);
        if (!await(graceMillis, this::isIdle)) {
            steps.cut();
            await(LAST_WORDS_MILLIS, this::isIdle);
        }
        steps.end();
    }

    private boolean isIdle() {
        return steps.underWay() == 0;
    }

    private boolean await(long limitMillis, BooleanSupplier done) {
        long deadline = nanoTime.getAsLong() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
        while (!done.getAsBoolean()) {
            long left = deadline - nanoTime.getAsLong();
            if (left <= 0 || Thread.currentThread().isInterrupted()) {
                return false;
            }
            pause.accept(Math.max(1, Math.min(LOOK_MILLIS, TimeUnit.NANOSECONDS.toMillis(left))));
        }
        return true;
    }
}
