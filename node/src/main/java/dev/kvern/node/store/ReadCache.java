package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.CacheShelf.Entry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
 * turn out what is read often. The one read longest ago goes first; those being sent stay.
 *
 * <p>Callers who read the memory themselves find here what they read for the first time, too: it passes through a part of the pages,
 * first in, first out, and becomes one of the others if it is read again meanwhile (as in 2Q, Johnson and Shasha, VLDB 1994).
 *
 * <p>Safe for use by several threads; guarded by this, but for the copying.
 */
public final class ReadCache {
    private static final int REMEMBERED_KEYS = 16_384;

    /** Of the pages, one part in so many is for what passes. */
    private static final int PASSING_PART = 4;

    private final PageSlab slab;
    private final Predicate<BlockKey> held;
    private final CacheShelf readOften;
    private final CacheShelf passing;
    private final Map<BlockKey, Boolean> readOnce = new LinkedHashMap<>() {
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
        this.readOften = new CacheShelf(slab, true);
        this.passing = new CacheShelf(slab, false);
    }

    /** A copy of a block, if there is one. To be closed. */
    public synchronized Optional<ReadableBlock> find(BlockKey key) {
        Entry entry = readOften.find(key);
        if (entry == null) {
            entry = passing.remove(key);
            if (entry == null) {
                return Optional.empty();
            }
            readOften.put(key, entry);
        }
        return Optional.of(new Copy(entry));
    }

    /** Notes that a block was read from the store, and takes a copy if it is worth it and there is room. */
    public void offer(BlockKey key, ReadableBlock block) {
        Entry entry = admitReadAgain(key, block);
        if (entry != null) {
            fill(entry, block);
            put(key, entry, readOften).close();
        }
    }

    /** Takes a copy of a block that was read from the store, for one who reads this memory; empty if there is no room. To be closed. */
    public Optional<ReadableBlock> pass(BlockKey key, ReadableBlock block) {
        Entry again = admitReadAgain(key, block);
        Entry entry = again == null ? admitPassing(key, block) : again;
        if (entry == null) {
            return Optional.empty();
        }
        fill(entry, block);
        return Optional.of(put(key, entry, again == null ? passing : readOften));
    }

    private void fill(Entry entry, ReadableBlock block) {
        int from = 0;
        for (int page : entry.pages) {
            ByteBuffer target = slab.page(page);
            int length = Math.min(target.remaining(), entry.header.payloadBytes() - from);
            block.payload(from, length).forEach(target::put);
            from += length;
        }
    }

    /** The copy that is there from now on: another, if that was as fast. */
    private Copy put(BlockKey key, Entry entry, CacheShelf shelf) {
        Copy copy;
        synchronized (this) {
            Entry often = readOften.find(key);
            Entry there = often == null ? passing.find(key) : often;
            if (there != null) {
                forget(entry);
                return new Copy(there);
            }
            shelf.put(key, entry);
            copy = new Copy(entry);
        }
        // Who removes a block forgets first that it is held, then drops the copy: one of the two sees the other.
        if (!held.test(key)) {
            drop(key);
        }
        return copy;
    }

    /** Whether a read of the block is to be told by {@link #offer}, which may take a copy; if not, this one is noted. */
    public synchronized boolean wasReadBefore(BlockKey key, int bytes) {
        return PageSlab.pagesFor(bytes) <= slab.pages() && readOnce.putIfAbsent(key, true) != null;
    }

    private synchronized @Nullable Entry admitReadAgain(BlockKey key, ReadableBlock block) {
        int pages = PageSlab.pagesFor(block.header().payloadBytes());
        if (pages > slab.pages() || readOften.find(key) != null || readOnce.put(key, true) == null || !held.test(key)) {
            return null;
        }
        Entry entry = take(pages, block);
        if (entry != null) {
            readOnce.remove(key);
        }
        return entry;
    }

    private synchronized @Nullable Entry admitPassing(BlockKey key, ReadableBlock block) {
        int pages = PageSlab.pagesFor(block.header().payloadBytes());
        int most = slab.pages() / PASSING_PART;
        if (pages > most || !held.test(key)) {
            return null;
        }
        passing.evictUntil(() -> passing.pages() + pages <= most);
        return passing.pages() + pages <= most ? take(pages, block) : null;
    }

    private @Nullable Entry take(int pages, ReadableBlock block) {
        readOften.evictUntil(() -> slab.freePages() >= pages);
        passing.evictUntil(() -> slab.freePages() >= pages);
        int[] taken = slab.take(pages);
        return taken == null ? null : new Entry(block.header().alone(), taken);
    }

    /** Forgets a block: it is not stored here any more, or its copy was damaged. Whether there was a copy. */
    public synchronized boolean drop(BlockKey key) {
        readOnce.remove(key);
        Entry often = readOften.remove(key);
        Entry entry = often == null ? passing.remove(key) : often;
        if (entry != null) {
            forget(entry);
        }
        return entry != null;
    }

    private void forget(Entry entry) {
        entry.dropped = true;
        giveBackIfUnused(entry);
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

    private final class Copy implements ReadableBlock {
        private final Entry entry;
        private boolean closed;

        /** With the cache's lock. */
        Copy(Entry entry) {
            this.entry = entry;
            entry.readers++;
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
