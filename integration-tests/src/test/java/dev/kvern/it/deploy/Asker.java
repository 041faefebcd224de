package dev.kvern.it.deploy;

/** A client with a connection of its own. Confined to a thread. */
interface Asker extends AutoCloseable {
    /** How it asks, for people. */
    String kind();

    /** Asks once and takes the whole answer. */
    Answer ask(Question question) throws AskFailed;

    @Override
    void close();
}
