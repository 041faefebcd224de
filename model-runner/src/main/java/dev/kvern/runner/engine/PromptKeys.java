package dev.kvern.runner.engine;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.NamespaceId;
import java.util.List;

/**
 * A token sequence's names.
 *
 * @param namespace what else decides the values
 * @param labels whose it is
 * @param digests one for each full pool block
 * @param chunkKeys the tier's key of each full chunk
 */
public record PromptKeys(
        NamespaceId namespace, BlockLabels labels, List<BlockDigest> digests, List<BlockKey> chunkKeys) {}
