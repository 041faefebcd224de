package dev.kvern.runner.model.torch;

/**
 * Where copies are queued, beside the model's own work. A thread calls {@link #enter}, gives it work, and calls {@link #leave},
 * whatever happened. Safe for use by several threads, whose work may mix.
 */
interface CopyStream extends AutoCloseable {

    /** This thread's work goes here from now on. */
    void enter();

    /** What follows begins after all that the model was given up to now. Does not wait itself. */
    void awaitCompute();

    /** This thread's work goes to the model's stream again; waits until all work given here is done. */
    void leave();

    @Override
    void close();
}
