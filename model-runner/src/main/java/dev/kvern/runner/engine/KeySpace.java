package dev.kvern.runner.engine;

import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.Namespace;
import dev.kvern.block.NamespaceId;
import dev.kvern.runner.model.ModelSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Names token sequences for one loaded model, and remembers whose the namespaces are that were used lately. Safe for use by several
 * threads.
 */
public final class KeySpace {
    private final Namespace shared;
    private final BlockChain chain;
    private final int chunkBlocks;

    /** Of tenants beyond it the least recent is forgotten: its blocks then cannot be deleted by tenant. */
    private static final int MAX_NAMESPACES = 4_096;

    /** Guarded by itself. */
    private final Map<NamespaceId, BlockLabels> labels = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<NamespaceId, BlockLabels> eldest) {
            return size() > MAX_NAMESPACES;
        }
    };

    public KeySpace(ModelSpec model, int blockTokens, int chunkTokens) {
        this.shared =
                new Namespace(model.digest(), model.kvDtype(), model.computeDtype(), blockTokens, chunkTokens, "", "");
        this.chain = new BlockChain(blockTokens);
        this.chunkBlocks = chunkTokens / blockTokens;
    }

    /** @param salt the tenant's, empty for the shared space */
    public PromptKeys keys(int[] tokens, String salt) {
        Namespace space = shared.withSalt(salt);
        NamespaceId namespace = space.id();
        BlockLabels of = BlockLabels.of(space);
        synchronized (labels) {
            labels.put(namespace, of);
        }
        List<BlockDigest> digests = chain.digests(tokens);
        var chunkKeys = new ArrayList<BlockKey>();
        for (int last = chunkBlocks - 1; last < digests.size(); last += chunkBlocks) {
            chunkKeys.add(BlockKey.of(namespace, digests.get(last)));
        }
        return new PromptKeys(namespace, of, digests, List.copyOf(chunkKeys));
    }

    /** Tokens in what the tier stores under one key. */
    public int chunkTokens() {
        return shared.chunkTokens();
    }

    /** Whose a namespace is; of one that was not used lately only the model is known. */
    public BlockLabels labels(NamespaceId namespace) {
        synchronized (labels) {
            BlockLabels known = labels.get(namespace);
            return known == null ? BlockLabels.of(shared) : known;
        }
    }
}
