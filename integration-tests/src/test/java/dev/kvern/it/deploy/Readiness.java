package dev.kvern.it.deploy;

import dev.kvern.it.Await;

/** Waiting for pods. */
final class Readiness {
    private static final long LIMIT_SECONDS = 240;

    private Readiness() {}

    static void await(Pod pod) {
        await(pod, 0);
    }

    /** Waits until it has been ready for so long. */
    static void await(Pod pod, int seconds) {
        Await.until(
                pod + " to be ready for " + seconds + " s",
                LIMIT_SECONDS + seconds,
                pod::readySeconds,
                ready -> ready >= seconds);
    }

    /** Tells it to end, if nobody has, and waits. */
    static void awaitGone(Pod pod) {
        pod.delete();
        Await.until(pod + " to be gone", LIMIT_SECONDS, pod::isGone, gone -> gone);
    }
}
