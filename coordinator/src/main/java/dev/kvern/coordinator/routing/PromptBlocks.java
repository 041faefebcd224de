package dev.kvern.coordinator.routing;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.v1.TokenizeResponse;
import java.util.List;
import java.util.Optional;

/**
 * A prompt as routing sees it. Immutable.
 *
 * @param namespace empty if nothing is known of the prompt
 * @param digests of its full blocks, in order
 */
public record PromptBlocks(int tokens, Optional<NamespaceId> namespace, List<BlockDigest> digests, int blockTokens) {
    /** A prompt of which nothing is known. */
    public static final PromptBlocks UNKNOWN = new PromptBlocks(0, Optional.empty(), List.of(), 1);

    public PromptBlocks {
        digests = List.copyOf(digests);
    }

    /** @throws IllegalArgumentException if a runner sends digests of another length than 32 bytes */
    public static PromptBlocks of(TokenizeResponse prompt) {
        return new PromptBlocks(
                prompt.getTokenIdsCount(),
                Optional.of(NamespaceId.of(prompt.getNamespace())),
                prompt.getBlockDigestsList().stream().map(BlockDigest::of).toList(),
                prompt.getBlockTokens());
    }

    /** Leading tokens that a runner's pool holds. */
    long cachedTokens(PrefixIndex index, String runner) {
        return namespace
                .map(n -> (long) index.matched(runner, n, digests) * blockTokens)
                .orElse(0L);
    }
}
