package dev.kvern.runner;

import dev.kvern.rpc.KvernException;
import dev.kvern.runner.engine.EngineOptions;
import dev.kvern.runner.model.Transformer;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How many blocks the KV pool has. Stateless. */
final class PoolSize {
    private static final Logger log = LoggerFactory.getLogger(PoolSize.class);
    private static final long AUTO_IN_HOST_MEMORY = 256L << 20;

    private PoolSize() {}

    /**
     * As many as kv.pool_bytes says, or as fit into kv.pool_fraction of what a device has left.
     *
     * @param model loaded, and nothing allocated yet
     * @throws KvernException MISCONFIGURED if that is too little for one prompt chunk
     */
    static int blocks(RunnerConfig.Kv kv, EngineOptions engine, Transformer model) {
        long blockBytes = (long) model.spec().kvBytesPerToken() * kv.blockTokens();
        long least = kv.chunkTokens() / kv.blockTokens() + 1L;
        String expected = least * blockBytes + ", " + least + " blocks of " + blockBytes + " bytes, for this model";
        if (kv.autoPool()) {
            model.rehearse(engine.stepChunks() * engine.chunkTokens(), engine.maxRunning());
            OptionalLong free = model.freeDeviceBytes();
            if (free.isPresent()) {
                long bytes = (long) (free.getAsLong() * kv.poolFraction());
                log.info(
                        "KV pool: {} bytes, {} of the {} that weights and computing leave free",
                        bytes,
                        kv.poolFraction(),
                        free.getAsLong());
                return blocks(
                        bytes / blockBytes,
                        least,
                        "kv.pool_fraction",
                        kv.poolFraction() + " of the " + free.getAsLong()
                                + " bytes that weights and computing leave free",
                        expected);
            }
        }
        long bytes = kv.autoPool() ? AUTO_IN_HOST_MEMORY : kv.poolBytes();
        return blocks(bytes / blockBytes, least, "kv.pool_bytes", String.valueOf(bytes), expected);
    }

    private static int blocks(long blocks, long least, String key, String value, String expected) {
        if (blocks < least || blocks > Integer.MAX_VALUE) {
            throw KvernException.misconfigured(
                    key, value, "at least " + expected + ", and at most " + Integer.MAX_VALUE + " blocks");
        }
        return (int) blocks;
    }
}
