package dev.kvern.runner.engine;

import dev.kvern.runner.kv.HeldBlock;
import dev.kvern.runner.kv.PinnedBlock;
import dev.kvern.runner.kv.WritableBlock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The blocks that one sequence holds, in order. Confined to the engine's thread. */
final class BlockTable {
    private final List<HeldBlock> blocks = new ArrayList<>();
    private int[] indices = {};

    int size() {
        return blocks.size();
    }

    /** Places in the memory, in order; not to be changed. */
    int[] indices() {
        return indices;
    }

    /** The last block's place in the memory; -1 if there is none. */
    int last() {
        return indices.length == 0 ? -1 : indices[indices.length - 1];
    }

    void append(List<? extends HeldBlock> more) {
        blocks.addAll(more);
        reindex();
    }

    /** Blocks that only this sequence has; empty if one of them is complete. */
    Optional<List<WritableBlock>> writable(int from, int to) {
        var found = new ArrayList<WritableBlock>();
        for (HeldBlock block : blocks.subList(from, to)) {
            if (!(block instanceof WritableBlock writable)) {
                return Optional.empty();
            }
            found.add(writable);
        }
        return Optional.of(found);
    }

    /** Further pins of complete blocks; empty if one of them is not. */
    Optional<List<PinnedBlock>> pinAgain(int from, int to) {
        for (HeldBlock block : blocks.subList(from, to)) {
            if (!(block instanceof PinnedBlock)) {
                return Optional.empty();
            }
        }
        return Optional.of(blocks.subList(from, to).stream()
                .map(block -> ((PinnedBlock) block).pin())
                .toList());
    }

    /** Puts complete blocks in the place of others, which are closed. */
    void replace(int from, List<PinnedBlock> with) {
        for (int i = 0; i < with.size(); i++) {
            blocks.set(from + i, with.get(i)).close();
        }
        reindex();
    }

    void release() {
        blocks.forEach(HeldBlock::close);
        blocks.clear();
        reindex();
    }

    private void reindex() {
        indices = blocks.stream().mapToInt(HeldBlock::index).toArray();
    }
}
