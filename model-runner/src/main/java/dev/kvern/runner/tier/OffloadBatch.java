package dev.kvern.runner.tier;

import io.grpc.Context;
import java.util.List;

/**
 * Chunks of one chain that are sent in one call.
 *
 * @param offers how often they have been offered before and not been stored
 * @param request the context of the request that has made them
 */
record OffloadBatch(List<OffloadCargo> chunks, int offers, Context request) {
    OffloadBatch {
        chunks = List.copyOf(chunks);
    }

    /** The same chunks, or some of them, to be offered once more. */
    OffloadBatch again(List<OffloadCargo> left) {
        return new OffloadBatch(left, offers + 1, request);
    }

    long bytes() {
        return chunks.stream().mapToLong(OffloadCargo::bytes).sum();
    }

    /** Some of them. */
    OffloadBatch part(int from, int to) {
        return new OffloadBatch(chunks.subList(from, to), offers, request);
    }
}
