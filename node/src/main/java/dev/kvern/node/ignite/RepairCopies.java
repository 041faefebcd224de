package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.StoredBlock;
import java.util.Arrays;
import java.util.Optional;
import javax.cache.processor.MutableEntry;
import org.apache.ignite.cache.CacheEntryProcessor;
import org.jspecify.annotations.Nullable;

/**
 * Writes a good copy of a block over those at all of its owners, or removes them if there is none. Runs at the primary owner
 * while nobody else changes the entry: a block that was deleted meanwhile stays deleted, and one that was deleted and stored
 * anew stays as it is.
 */
final class RepairCopies implements CacheEntryProcessor<String, byte[], Boolean> {
    private static final long serialVersionUID = 1L;

    /** As stored; null if there is none. */
    private final byte @Nullable [] good;

    RepairCopies(Optional<StoredBlock> good) {
        this.good = good.map(StoredBlock::encoded).orElse(null);
    }

    /** Whether the copies were written, or removed. */
    @Override
    public Boolean process(MutableEntry<String, byte[]> entry, Object... arguments) {
        if (!entry.exists()) {
            return false;
        }
        byte[] present = entry.getValue();
        boolean corrupt =
                StoredBlock.verified(BlockKey.parse(entry.getKey()), present).isEmpty();
        if (good == null) {
            if (corrupt) {
                entry.remove();
            }
            return corrupt;
        }
        // A good copy is written once more, as it goes to the backups then, one of which is corrupt.
        boolean ours = corrupt || Arrays.equals(present, good);
        if (ours) {
            entry.setValue(good);
        }
        return ours;
    }
}
