package dev.kvern.it.deploy;

/** What happens, with the time since the beginning, for people. Safe for use by several threads. */
final class Timeline {
    private final long start = System.nanoTime();

    double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    void say(String what) {
        System.out.printf("[%6.1f s] %s%n", seconds(), what);
    }
}
