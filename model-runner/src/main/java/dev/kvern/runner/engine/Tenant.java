package dev.kvern.runner.engine;

import java.util.TreeSet;

/** One tenant's waiting requests and how much it was served. Confined to the engine's thread. */
final class Tenant {
    final String salt;
    final TreeSet<Sequence> waiting = new TreeSet<>(Sequence.BY_URGENCY);

    /** Tokens it was served, weighted; raised to that of others when it comes back from a pause. */
    long served;

    /** Requests of it that are admitted. */
    int running;

    Tenant(String salt) {
        this.salt = salt;
    }

    boolean idle() {
        return waiting.isEmpty() && running == 0;
    }
}
