package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.ReadableBlock;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.node.store.StoredHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.metric.IoStatisticsHolderNoOp;
import org.apache.ignite.internal.pagemem.PageIdUtils;
import org.apache.ignite.internal.pagemem.PageMemory;
import org.apache.ignite.internal.pagemem.impl.PageMemoryNoStoreImpl;
import org.apache.ignite.internal.processors.affinity.AffinityTopologyVersion;
import org.apache.ignite.internal.processors.cache.CacheGroupContext;
import org.apache.ignite.internal.processors.cache.CacheObject;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.KeyCacheObject;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtLocalPartition;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRowAdapter;
import org.apache.ignite.internal.processors.cache.persistence.tree.io.DataPageIO;
import org.apache.ignite.internal.processors.cache.persistence.tree.io.DataPagePayload;
import org.apache.ignite.internal.processors.cache.tree.RowLinkIO;
import org.apache.ignite.internal.processors.cache.tree.SearchRow;
import org.apache.ignite.internal.util.GridUnsafe;
import org.apache.ignite.internal.util.typedef.internal.CU;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds where a block's bytes lie in the pages of this node's region, so that they can be sent from there. What Ignite's own read
 * gives is an array that was zeroed, filled from the pages, and soon is garbage: a fifth of the processor time of a read.
 *
 * <p>Works with Ignite's internals, of the version that the project names: a row that does not fit into a page is a chain of
 * fragments, together the cache's id i32 (in a region that Ignite evicts from), the key (size i32, type i8, bytes), the time it expires i64, the value (size i32, type i8, bytes), its version;
 * see {@code DataPageIO.writeFragmentData} and {@code CacheDataRowAdapter.readFragment}. Where the fragments lie is read under the locks
 * that Ignite reads them with. Afterwards a page may be given to another row at any time; who reads the bytes compares them with their
 * checksum. Safe for use by several threads.
 */
final class BlockPages {
    private static final Logger log = LoggerFactory.getLogger(BlockPages.class);
    private static final int SIZE_BYTES = Integer.BYTES;
    private static final int TYPE_BYTES = 1;
    private static final int FIRST_FRAGMENTS = 16;

    private final GridCacheContext<?, ?> cache;
    private final CacheGroupContext group;
    private final PageMemory memory;
    private final PageGate gate;

    private BlockPages(GridCacheContext<?, ?> cache, PageGate gate) {
        this.cache = cache;
        this.group = cache.group();
        this.memory = group.dataRegion().pageMemory();
        this.gate = gate;
    }

    /** Those of a cache; empty if they do not stay where they are, or nobody says when they go. */
    static Optional<BlockPages> of(Ignite ignite, String cache) {
        GridCacheContext<?, ?> context = ((IgniteEx) ignite).cachex(cache).context();
        boolean stay = context.group().dataRegion().pageMemory() instanceof PageMemoryNoStoreImpl
                && !context.group().sharedGroup();
        return PageGate.of(ignite).filter(gate -> stay).map(gate -> new BlockPages(context, gate));
    }

    /** A block of more than one page, as it lies, its header checked and its payload not; empty if there is none like that. To be closed. */
    Optional<ReadableBlock> find(BlockKey key) {
        String name = key.toHex();
        if (!gate.enter()) {
            return Optional.empty();
        }
        Optional<ReadableBlock> found = Optional.empty();
        try {
            found = look(name);
        } catch (IgniteCheckedException | RuntimeException e) {
            // Its partition has moved away meanwhile, say. Ignite's own read will tell.
            notHere(name, e);
        } finally {
            if (found.isEmpty()) {
                gate.leave();
            }
        }
        return found;
    }

    private Optional<ReadableBlock> look(String name) throws IgniteCheckedException {
        KeyCacheObject key = cache.toCacheKeyObject(name);
        GridDhtLocalPartition partition =
                cache.topology().localPartition(key.partition(), AffinityTopologyVersion.NONE, false);
        // Reserved, it is not cleared while its pages are looked through.
        if (partition == null || !partition.reserve()) {
            return Optional.empty();
        }
        try {
            key.valueBytes(cache.cacheObjectContext());
            var found = new AtomicReference<ReadableBlock>();
            partition
                    .dataStore()
                    .tree()
                    .findOne(
                            new SearchRow(CU.UNDEFINED_CACHE_ID, key),
                            // With the lock of the tree's page: the row is not removed meanwhile, and its header is not
                            // another's.
                            (tree, io, address, index) -> {
                                found.set(block(name, ((RowLinkIO) io).getLink(address, index)));
                                return false;
                            },
                            CacheDataRowAdapter.RowData.NO_KEY);
            return Optional.ofNullable(found.get());
        } finally {
            partition.release();
        }
    }

    /** Throws nothing: Ignite would take that for damage to its tree. */
    private @Nullable ReadableBlock block(String name, long link) {
        try {
            return block(follow(link)).orElse(null);
        } catch (IgniteCheckedException | RuntimeException e) {
            notHere(name, e);
            return null;
        }
    }

    private static void notHere(String name, Exception why) {
        log.debug("{} cannot be read where it lies: {}", name, why.toString());
    }

    private Fragments follow(long row) throws IgniteCheckedException {
        var fragments = new Fragments();
        int id = group.groupId();
        for (long link = row; link != 0; ) {
            long pageId = PageIdUtils.pageId(link);
            long page = memory.acquirePage(id, pageId, IoStatisticsHolderNoOp.INSTANCE);
            try {
                long address = memory.readLock(id, pageId, page);
                if (address == 0) {
                    throw new IgniteCheckedException("page " + PageIdUtils.toDetailString(pageId) + " was given away");
                }
                try {
                    DataPageIO io = DataPageIO.VERSIONS.forPage(address);
                    DataPagePayload data = io.readPayload(address, PageIdUtils.itemId(link), memory.realPageSize(id));
                    ByteBuffer bytes = GridUnsafe.wrapPointer(address + data.offset(), data.payloadSize());
                    // In a page with others, or with room for them, its place changes as they come and go.
                    boolean alone = io.getRowsCount(address) == 1 && io.getFreeSpace(address) == 0;
                    fragments.add(alone ? bytes : copy(bytes));
                    link = data.nextLink();
                } finally {
                    memory.readUnlock(id, pageId, page);
                }
            } finally {
                memory.releasePage(id, pageId, page);
            }
        }
        // As Ignite's own reads do: what it would evict by itself is what was not touched for long.
        group.dataRegion().evictionTracker().touchPage(row);
        return fragments;
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
    }

    private Optional<ReadableBlock> block(Fragments row) {
        if (row.count == 1) {
            // Its parts lie in another order, and there is little to be won.
            return Optional.empty();
        }
        int key = group.storeCacheIdInDataPage() ? Integer.BYTES : 0;
        int at = key + SIZE_BYTES + TYPE_BYTES + row.read(key, SIZE_BYTES).getInt() + Long.BYTES;
        ByteBuffer value = row.read(at, SIZE_BYTES + TYPE_BYTES);
        int size = value.getInt();
        if (value.get() != CacheObject.TYPE_BYTE_ARR || size < StoredBlock.HEADER_BYTES) {
            return Optional.empty();
        }
        int begin = at + SIZE_BYTES + TYPE_BYTES;
        return StoredBlock.header(row.read(begin, StoredBlock.HEADER_BYTES).array())
                .filter(header -> header.payloadBytes() == size - StoredBlock.HEADER_BYTES)
                .map(header -> new InPlace(gate, header, row, begin + StoredBlock.HEADER_BYTES));
    }

    /** Where a row's fragments lie. Confined to a thread until it is complete. */
    private static final class Fragments {
        private ByteBuffer[] bytes = new ByteBuffer[FIRST_FRAGMENTS];

        /** Bytes of the row up to the end of each. */
        private int[] ends = new int[FIRST_FRAGMENTS];

        private int count;

        void add(ByteBuffer fragment) {
            if (count == bytes.length) {
                bytes = Arrays.copyOf(bytes, 2 * count);
                ends = Arrays.copyOf(ends, 2 * count);
            }
            bytes[count] = fragment;
            ends[count] = begin(count) + fragment.remaining();
            count++;
        }

        private int begin(int fragment) {
            return fragment == 0 ? 0 : ends[fragment - 1];
        }

        /** A copy of a few bytes, in the machine's order. */
        ByteBuffer read(int from, int length) {
            ByteBuffer copy = ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
            pieces(from, length).forEach(copy::put);
            return copy.flip();
        }

        /** @throws IndexOutOfBoundsException if the row has no such bytes */
        List<ByteBuffer> pieces(int from, int length) {
            // Whatever a page says: nothing but the row's memory is looked at.
            Objects.checkFromIndexSize(from, length, ends[count - 1]);
            int found = Arrays.binarySearch(ends, 0, count, from);
            var pieces = new ArrayList<ByteBuffer>();
            int at = from;
            for (int i = found >= 0 ? found + 1 : -found - 1; at < from + length; i++) {
                int taken = Math.min(ends[i], from + length) - at;
                pieces.add(bytes[i].slice(at - begin(i), taken));
                at += taken;
            }
            return pieces;
        }
    }

    /** A block in Ignite's pages. Closed by one thread; what else it has does not change. */
    private static final class InPlace implements ReadableBlock {
        private final PageGate gate;
        private final StoredHeader header;
        private final Fragments row;
        private final int begin;
        private boolean closed;

        /** @param begin of the payload in the row */
        InPlace(PageGate gate, StoredHeader header, Fragments row, int begin) {
            this.gate = gate;
            this.header = header;
            this.row = row;
            this.begin = begin;
        }

        @Override
        public StoredHeader header() {
            return header;
        }

        @Override
        public List<ByteBuffer> payload(int from, int length) {
            gate.check();
            return row.pieces(begin + from, length);
        }

        @Override
        public boolean unchecked() {
            return true;
        }

        @Override
        public synchronized void close() {
            if (!closed) {
                closed = true;
                gate.leave();
            }
        }
    }
}
