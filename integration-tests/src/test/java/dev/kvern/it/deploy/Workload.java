package dev.kvern.it.deploy;

import java.util.List;

/** A controller of pods. Its calls wait for what they want; one is under way at a time. */
interface Workload {
    String name();

    /** As its manifest has it. */
    int wantedReplicas();

    /** Those that are not gone, in no order. */
    List<Pod> pods();

    /** Waits until so many are there and ready, and further ones are gone. */
    void scale(int replicas);

    /** Replaces all pods, as {@code kubectl rollout restart} does. */
    void restart();
}
