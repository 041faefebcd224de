package dev.kvern.runner.model;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What was read of a checkpoint's tensors, each time one was read whole: the loader and the digest read for themselves, and
 * must have seen the same bytes, or the digest would name weights other than those loaded. Safe for use by several threads.
 */
public final class TensorChecksums {
    private final Map<String, Integer> first = new ConcurrentHashMap<>();

    /**
     * Notes a tensor that was read whole.
     *
     * @param crc32c of its bytes
     * @throws KvernException MISCONFIGURED if it was read before and had another
     */
    public void read(Checkpoint.Located tensor, int crc32c) {
        Integer before = first.putIfAbsent(tensor.entry().name(), crc32c);
        if (before != null && before != crc32c) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    tensor.file().path() + ": tensor " + tensor.entry().name()
                            + " changed while the model was loaded (expected: a file that stays as it is)");
        }
    }
}
