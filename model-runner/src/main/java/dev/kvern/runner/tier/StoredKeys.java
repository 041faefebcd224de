package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.util.LinkedHashMap;
import java.util.Map;

/** Keys seen in the tier lately: a bounded memory that forgets, because the tier does too. Guarded by its owner. */
final class StoredKeys {
    private static final int MAX_KEYS = 65_536;

    private final long keepNanos;
    private final Map<BlockKey, Long> seen = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<BlockKey, Long> eldest) {
            return size() > MAX_KEYS;
        }
    };

    StoredKeys(long keepNanos) {
        this.keepNanos = keepNanos;
    }

    void add(BlockKey key, long now) {
        seen.remove(key);
        seen.put(key, now);
    }

    void remove(BlockKey key) {
        seen.remove(key);
    }

    boolean contains(BlockKey key, long now) {
        Long at = seen.get(key);
        return at != null && now - at < keepNanos;
    }
}
