package dev.kvern.runner.model.torch;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Copies out of, and into, a pool in the host's memory, which Java sees as byte buffers. */
final class PlaneCopies implements BlockCopies {
    /** A byte buffer ends at 2 GiB; a pool need not. */
    private static final long MAX_REGION_BYTES = 1L << 30;

    /** For each layer's keys, and values, some buffers with the spans of as many blocks each. */
    private final List<List<ByteBuffer>> planes = new ArrayList<>();

    /** Bytes of one layer's keys, or values, of a block: what lies together. */
    private final int spanBytes;

    private final int spansPerRegion;

    /**
     * @param owner of the pool and of its views
     * @param planeCount two for each layer
     */
    PlaneCopies(DecoderProgram program, PtNDManager owner, PtNDArray pool, int blocks, int blockBytes, int planeCount) {
        this.spanBytes = blockBytes / planeCount;
        this.spansPerRegion = (int) Math.max(1, MAX_REGION_BYTES / spanBytes);
        for (int index = 0; index < planeCount; index++) {
            PtNDArray plane = program.plane(owner, pool, index);
            long values = plane.size() / blocks;
            var regions = new ArrayList<ByteBuffer>();
            for (int first = 0; first < blocks; first += spansPerRegion) {
                long count = Math.min(spansPerRegion, blocks - first);
                regions.add(program.part(owner, plane, first * values, count * values)
                        .toByteBuffer(true));
            }
            planes.add(regions);
        }
    }

    @Override
    public void read(int[] blocks, ByteBuffer target) {
        for (int block : blocks) {
            for (List<ByteBuffer> plane : planes) {
                target.put(target.position(), plane.get(block / spansPerRegion), offset(block), spanBytes);
                target.position(target.position() + spanBytes);
            }
        }
    }

    @Override
    public void write(int[] blocks, ByteBuffer source) {
        for (int block : blocks) {
            for (List<ByteBuffer> plane : planes) {
                plane.get(block / spansPerRegion).put(offset(block), source, source.position(), spanBytes);
                source.position(source.position() + spanBytes);
            }
        }
    }

    private int offset(int block) {
        return block % spansPerRegion * spanBytes;
    }

    @Override
    public void close() {}
}
