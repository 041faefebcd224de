package dev.kvern.runner.tier;

/** Opens a client's buffers to the tests of those who use it. */
public final class LentBuffers {
    private LentBuffers() {}

    /** Buffers that fetches under way hold. */
    public static int of(BlockStoreClient client) {
        return client.lentBuffers();
    }
}
