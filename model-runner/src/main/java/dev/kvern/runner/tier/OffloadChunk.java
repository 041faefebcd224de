package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.runner.kv.PinnedBlock;
import java.util.List;
import java.util.Optional;

/**
 * A chunk to be offloaded.
 *
 * @param tokens tokens it stands for
 * @param blocks its blocks in order, pinned; whoever takes the chunk over closes them
 */
public record OffloadChunk(
        BlockKey key, Optional<BlockKey> parent, int tokens, BlockLabels labels, List<PinnedBlock> blocks) {
    public OffloadChunk {
        blocks = List.copyOf(blocks);
    }

    void release() {
        blocks.forEach(PinnedBlock::close);
    }
}
