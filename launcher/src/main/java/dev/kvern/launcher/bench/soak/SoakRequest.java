package dev.kvern.launcher.bench.soak;

import dev.kvern.v1.GenerateRequest;

/**
 * A request, and how its caller behaves.
 *
 * @param prompt the number of its prompt
 * @param course what is to become of it
 * @param reading how its caller takes the responses
 * @param cancelAfter with {@link Course#CANCELLED}: after so many responses; 0 for at once
 * @param deadlineMillis time that the call has
 */
record SoakRequest(
        int prompt, GenerateRequest request, Course course, Reading reading, int cancelAfter, long deadlineMillis) {
    enum Course {
        TO_ITS_END,
        /** Its caller cancels it; it may have ended before. */
        CANCELLED,
        /** Its time is short; it may be enough. */
        SHORT_DEADLINE,
        /** It is to be refused as INVALID_ARGUMENT or, for a model that nobody serves, NOT_FOUND. */
        INVALID
    }

    enum Reading {
        /** Takes what comes. */
        EAGER,
        /** Takes one response after the other, with pauses. */
        SLOW,
        /** Takes nothing at first, then all: as one who wants no stream. */
        LATE
    }

    /** Whether its answer is decided by the prompt alone. */
    boolean greedy() {
        return course != Course.INVALID
                && request.getSampling().hasTemperature()
                && request.getSampling().getTemperature() == 0;
    }
}
