package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.util.LinkedHashMap;
import java.util.Map;

/** How often keys were used lately. Bounded: those used longest ago are forgotten. Guarded by its owner. */
final class UseCounts {
    static final int MAX_KEYS = 65_536;

    private final Map<BlockKey, Integer> counts = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<BlockKey, Integer> eldest) {
            return size() > MAX_KEYS;
        }
    };

    void add(BlockKey key) {
        counts.merge(key, 1, Integer::sum);
    }

    int of(BlockKey key) {
        return counts.getOrDefault(key, 0);
    }

    int size() {
        return counts.size();
    }
}
