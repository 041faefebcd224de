package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Some of a read cache's blocks, in the order in which they go. Guarded by the cache's lock. */
final class CacheShelf {
    private static final float LOAD_FACTOR = 0.75f;

    private final Map<BlockKey, Entry> entries;
    private final PageSlab slab;
    private int pages;

    /** A block's copy. */
    static final class Entry {
        final StoredHeader header;
        final int[] pages;
        int readers;

        /** On no shelf any more; its pages are given back by the last who reads it. */
        boolean dropped;

        Entry(StoredHeader header, int[] pages) {
            this.header = header;
            this.pages = pages;
        }
    }

    /** @param byUse the one found longest ago goes first, not the one put longest ago */
    CacheShelf(PageSlab slab, boolean byUse) {
        this.slab = slab;
        this.entries = new LinkedHashMap<>(16, LOAD_FACTOR, byUse);
    }

    @Nullable
    Entry find(BlockKey key) {
        return entries.get(key);
    }

    void put(BlockKey key, Entry entry) {
        entries.put(key, entry);
        pages += entry.pages.length;
    }

    @Nullable
    Entry remove(BlockKey key) {
        Entry entry = entries.remove(key);
        if (entry != null) {
            pages -= entry.pages.length;
        }
        return entry;
    }

    /** Gives pages back until there are enough, or no block is left that nobody reads. */
    void evictUntil(BooleanSupplier enough) {
        Iterator<Entry> eldest = entries.values().iterator();
        while (!enough.getAsBoolean() && eldest.hasNext()) {
            Entry entry = eldest.next();
            if (entry.readers == 0) {
                eldest.remove();
                pages -= entry.pages.length;
                slab.give(entry.pages);
            }
        }
    }

    /** Pages that the blocks here lie in. */
    int pages() {
        return pages;
    }
}
