package dev.kvern.it.deploy;

/** Runs containers. Safe for use by several threads. */
interface PodRuntime {
    /** What it is, and what of a container it does, for people. */
    String description();

    /** Starts a container; its network namespace is there already. */
    RunningContainer start(ContainerSpec spec);
}
