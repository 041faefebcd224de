package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.StoredBlock;
import javax.cache.processor.MutableEntry;
import org.apache.ignite.cache.CacheEntryProcessor;

/**
 * Writes a block that the primary owner has to all of its owners once more: one of them may not have it yet. Runs at the primary
 * owner while nobody else changes the entry, and ends when all have it. A corrupt copy is removed, not spread.
 */
final class WriteAgain implements CacheEntryProcessor<String, byte[], Boolean> {
    private static final long serialVersionUID = 1L;

    /** Whether there was a block, which all have now. */
    @Override
    public Boolean process(MutableEntry<String, byte[]> entry, Object... arguments) {
        if (!entry.exists()) {
            return false;
        }
        byte[] present = entry.getValue();
        if (StoredBlock.verified(BlockKey.parse(entry.getKey()), present).isEmpty()) {
            entry.remove();
            return false;
        }
        entry.setValue(present);
        return true;
    }
}
