package dev.kvern.launcher.bench;

import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.torch.PinnedMemory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * How fast chunks of keys and values go from a GPU to the host's memory and back, page-locked and not: what a hit in the host
 * tier, and offloading, cost beside the network. Confined to a thread.
 */
final class CopyBench {
    static final String SUBJECT = "KV chunk";

    private static final int REPEATS = 20;

    private final KvMemory memory;
    private final int[] blocks;

    /** @param chunkTokens in a chunk; the memory has room for one at least */
    CopyBench(KvMemory memory, int chunkTokens) {
        this.memory = memory;
        this.blocks = IntStream.range(0, chunkTokens / memory.blockTokens()).toArray();
    }

    /** Adds a row for each direction and kind of memory. */
    void addTo(BenchRows rows) {
        measure(rows, "page-locked", PinnedMemory.open()::allocate);
        measure(rows, "pageable", ByteBuffer::allocateDirect);
    }

    private void measure(BenchRows rows, String kind, IntFunction<ByteBuffer> allocator) {
        int bytes = blocks.length * memory.blockBytes();
        ByteBuffer buffer = allocator.apply(bytes);
        var reads = new ArrayList<Double>();
        var writes = new ArrayList<Double>();
        // The first of each finds neither kernels nor buffers ready.
        for (int i = 0; i <= REPEATS; i++) {
            long begin = System.nanoTime();
            memory.read(blocks, buffer.clear());
            long between = System.nanoTime();
            memory.write(blocks, buffer.flip());
            long end = System.nanoTime();
            if (i > 0) {
                reads.add((double) bytes / (between - begin));
                writes.add((double) bytes / (end - between));
            }
        }
        add(rows, "to the host, " + kind, reads);
        add(rows, "to the device, " + kind, writes);
    }

    private static void add(BenchRows rows, String variant, List<Double> rates) {
        rows.add(rows.row(SUBJECT, variant, "GB/s", new Samples(rates)));
    }
}
