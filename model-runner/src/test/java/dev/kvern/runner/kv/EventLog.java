package dev.kvern.runner.kv;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import java.util.ArrayList;
import java.util.List;

/** Notes every event. */
final class EventLog implements KvEventListener {
    final List<BlockDigest> stored = new ArrayList<>();
    final List<BlockDigest> parents = new ArrayList<>();
    final List<BlockDigest> removed = new ArrayList<>();

    @Override
    public void cleared() {}

    @Override
    public void stored(NamespaceId namespace, BlockDigest parent, List<BlockDigest> digests) {
        parents.add(parent);
        stored.addAll(digests);
    }

    @Override
    public void removed(NamespaceId namespace, List<BlockDigest> digests) {
        removed.addAll(digests);
    }
}
