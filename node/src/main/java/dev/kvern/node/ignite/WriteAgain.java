package dev.kvern.node.ignite;

import javax.cache.processor.MutableEntry;
import org.apache.ignite.cache.CacheEntryProcessor;

/**
 * Writes a block that the primary owner has to all of its owners once more: one of them may not have it yet. Runs at the primary
 * owner while nobody else changes the entry, and ends when all have it; a block that was deleted meanwhile stays deleted.
 */
final class WriteAgain implements CacheEntryProcessor<String, byte[], Boolean> {
    private static final long serialVersionUID = 1L;

    /** Whether there was something to write. */
    @Override
    public Boolean process(MutableEntry<String, byte[]> entry, Object... arguments) {
        if (!entry.exists()) {
            return false;
        }
        entry.setValue(entry.getValue());
        return true;
    }
}
