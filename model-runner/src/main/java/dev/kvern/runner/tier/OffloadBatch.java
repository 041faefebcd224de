package dev.kvern.runner.tier;

import java.util.List;

/**
 * Chunks of one chain that are sent in one call.
 *
 * @param offers how often they have been offered before and not been stored
 */
record OffloadBatch(List<OffloadCargo> chunks, int offers) {
    OffloadBatch {
        chunks = List.copyOf(chunks);
    }

    /** Some of them. */
    OffloadBatch part(int from, int to) {
        return new OffloadBatch(chunks.subList(from, to), offers);
    }
}
