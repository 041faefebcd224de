package dev.kvern.launcher.bench;

import java.util.List;

/** Someone who can do an {@link EngineWork} with a loaded model. Confined to a thread. */
interface Contender extends AutoCloseable {
    /**
     * What came of it.
     *
     * @param seconds what the kind of work says is timed
     * @param tokens each request's tokens
     */
    record Outcome(double seconds, List<List<Integer>> tokens) {
        public Outcome {
            tokens = List.copyOf(tokens);
        }
    }

    /** Such as "kvern fp32"; no two have the same. */
    String name();

    /** What it computes in. */
    String type();

    /** Bytes of keys and values of one token, as it keeps them. */
    int kvBytesPerToken();

    Outcome run(EngineWork work);

    @Override
    void close();
}
