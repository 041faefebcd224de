package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Copies of blocks that were read more than once, outside the heap and in a form that can be sent as it is: what the store
 * behind it would take to gather a block from its pages, and to check it, is done once. Blocks never change, so that a copy
 * is right for as long as the block is stored here; whoever hears that it is no more says so by {@link #drop}.
 *
 * <p>A block is taken in when it is read for the second time while its key is remembered: reading a large chain once does not
 * turn out what is read often. The one read longest ago goes first; those being sent stay. Safe for use by several threads;
 * guarded by this, but for the copying.
 */
public final class ReadCache {
    private static final int REMEMBERED_KEYS = 16_384;
    private static final float LOAD_FACTOR = 0.75f;

    private final PageSlab slab;
    private final Predicate<BlockKey> held;
    private final Map<BlockKey, Entry> entries = new LinkedHashMap<>(16, LOAD_FACTOR, true);
    private final Map<BlockKey, Boolean> readOnce = new LinkedHashMap<>(16, LOAD_FACTOR, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<BlockKey, Boolean> eldest) {
            return size() > REMEMBERED_KEYS;
        }
    };

    /** @param held whether a block is stored on this node */
    public ReadCache(CacheMemory memory, Predicate<BlockKey> held) {
        this.slab = new PageSlab(memory);
        this.held = held;
    }

    /** A copy of a block, if there is one. To be closed. */
    public synchronized Optional<ReadableBlock> find(BlockKey key) {
        Entry entry = entries.get(key);
        if (entry == null) {
            return Optional.empty();
        }
        entry.readers++;
        return Optional.of(new Copy(entry));
    }

    /** Notes that a block was read from the store, and takes a copy if it is worth it and there is room. */
    public void offer(BlockKey key, StoredBlock block) {
        Entry entry = admit(key, block);
        if (entry == null) {
            return;
        }
        int from = 0;
        for (int page : entry.pages) {
            int length = Math.min(PageSlab.PAGE_BYTES, block.payloadBytes() - from);
            slab.page(page).put(block.encoded(), StoredBlock.HEADER_BYTES + from, length);
            from += length;
        }
        synchronized (this) {
            Entry before = entries.putIfAbsent(key, entry);
            if (before != null) {
                slab.give(entry.pages);
                return;
            }
        }
        // Who removes a block forgets first that it is held, then drops the copy: one of the two sees the other.
        if (!held.test(key)) {
            drop(key);
        }
    }

    private synchronized @Nullable Entry admit(BlockKey key, StoredBlock block) {
        int pages = PageSlab.pagesFor(block.payloadBytes());
        if (pages > slab.pages() || entries.containsKey(key) || readOnce.put(key, true) == null || !held.test(key)) {
            return null;
        }
        makeRoom(pages);
        int[] taken = slab.take(pages);
        if (taken == null) {
            return null;
        }
        readOnce.remove(key);
        return new Entry(block.header().alone(), taken);
    }

    private void makeRoom(int pages) {
        Iterator<Entry> eldest = entries.values().iterator();
        while (slab.freePages() < pages && eldest.hasNext()) {
            Entry entry = eldest.next();
            if (entry.readers == 0) {
                eldest.remove();
                slab.give(entry.pages);
            }
        }
    }

    /** Forgets a block: it is not stored here any more, or its copy was damaged. */
    public synchronized void drop(BlockKey key) {
        readOnce.remove(key);
        Entry entry = entries.remove(key);
        if (entry != null) {
            entry.dropped = true;
            giveBackIfUnused(entry);
        }
    }

    private void giveBackIfUnused(Entry entry) {
        if (entry.dropped && entry.readers == 0) {
            slab.give(entry.pages);
        }
    }

    private synchronized void close(Entry entry) {
        entry.readers--;
        giveBackIfUnused(entry);
    }

    /** The file that copies lie in, if others can read it. */
    public Optional<Path> sharedFile() {
        return slab.file();
    }

    /** Bytes of pages that hold blocks, or are being read. */
    public synchronized long usedBytes() {
        return (long) (slab.pages() - slab.freePages()) * PageSlab.PAGE_BYTES;
    }

    /** Bytes that blocks may take. */
    public long capacityBytes() {
        return (long) slab.pages() * PageSlab.PAGE_BYTES;
    }

    private static final class Entry {
        private final StoredHeader header;
        private final int[] pages;
        private int readers;
        private boolean dropped;

        Entry(StoredHeader header, int[] pages) {
            this.header = header;
            this.pages = pages;
        }
    }

    private final class Copy implements ReadableBlock {
        private final Entry entry;
        private boolean closed;

        Copy(Entry entry) {
            this.entry = entry;
        }

        @Override
        public StoredHeader header() {
            return entry.header;
        }

        @Override
        public List<ByteBuffer> payload(int from, int length) {
            var pieces = new ArrayList<ByteBuffer>();
            int at = from;
            while (at < from + length) {
                int offset = at % PageSlab.PAGE_BYTES;
                int size = Math.min(PageSlab.PAGE_BYTES - offset, from + length - at);
                pieces.add(slab.page(entry.pages[at / PageSlab.PAGE_BYTES]).slice(offset, size));
                at += size;
            }
            return pieces;
        }

        @Override
        public long[] places() {
            return slab.file().isEmpty()
                    ? new long[0]
                    : Arrays.stream(entry.pages).mapToLong(PageSlab::offset).toArray();
        }

        @Override
        public boolean unchecked() {
            return true;
        }

        @Override
        public void close() {
            synchronized (ReadCache.this) {
                if (!closed) {
                    closed = true;
                    ReadCache.this.close(entry);
                }
            }
        }
    }
}
