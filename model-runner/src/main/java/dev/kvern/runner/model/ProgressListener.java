package dev.kvern.runner.model;

/** Told how far a long piece of work has come; from any thread, but one call at a time. */
@FunctionalInterface
public interface ProgressListener {
    /** Nobody watches. */
    ProgressListener NONE = (done, total) -> {};

    /**
     * @param bytesDone never goes back
     * @param bytesTotal the same in every call
     */
    void progress(long bytesDone, long bytesTotal);
}
