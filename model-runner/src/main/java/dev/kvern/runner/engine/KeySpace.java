package dev.kvern.runner.engine;

import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.Namespace;
import dev.kvern.block.NamespaceId;
import dev.kvern.runner.model.ModelSpec;
import java.util.ArrayList;
import java.util.List;

/** Names token sequences for one loaded model. Immutable. */
public final class KeySpace {
    private final Namespace shared;
    private final BlockChain chain;
    private final int chunkBlocks;

    public KeySpace(ModelSpec model, int blockTokens, int chunkTokens) {
        this.shared =
                new Namespace(model.digest(), model.kvDtype(), model.computeDtype(), blockTokens, chunkTokens, "", "");
        this.chain = new BlockChain(blockTokens);
        this.chunkBlocks = chunkTokens / blockTokens;
    }

    /** @param salt the tenant's, empty for the shared space */
    public PromptKeys keys(int[] tokens, String salt) {
        NamespaceId namespace = shared.withSalt(salt).id();
        List<BlockDigest> digests = chain.digests(tokens);
        var chunkKeys = new ArrayList<BlockKey>();
        for (int last = chunkBlocks - 1; last < digests.size(); last += chunkBlocks) {
            chunkKeys.add(BlockKey.of(namespace, digests.get(last)));
        }
        return new PromptKeys(namespace, digests, List.copyOf(chunkKeys));
    }
}
