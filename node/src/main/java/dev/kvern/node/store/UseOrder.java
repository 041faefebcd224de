package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The keys that a node holds, least recently used first. Costs some 150 bytes of heap a key. Safe for use by several
 * threads; guarded by this.
 */
public final class UseOrder {
    private static final float LOAD_FACTOR = 0.75f;

    /** Sizes by key, in the order of access. */
    private final LinkedHashMap<BlockKey, Integer> sizes = new LinkedHashMap<>(1_024, LOAD_FACTOR, true);

    /** Notes that a key is held, used just now. */
    public synchronized void held(BlockKey key, int bytes) {
        sizes.put(key, bytes);
    }

    /** Notes a use; without effect for a key that is not held. */
    public synchronized void used(BlockKey key) {
        sizes.get(key);
    }

    /** Notes that a key is held no more. */
    public synchronized void gone(BlockKey key) {
        sizes.remove(key);
    }

    /** Keys held. */
    public synchronized int size() {
        return sizes.size();
    }

    /**
     * Takes out the least recently used keys, until they come to at least so many bytes.
     *
     * @param most keys to take at most
     * @return their sizes, in the order of use
     */
    public synchronized Map<BlockKey, Integer> takeOldest(long bytes, int most) {
        var taken = new LinkedHashMap<BlockKey, Integer>();
        long sum = 0;
        var oldest = sizes.entrySet().iterator();
        while (sum < bytes && taken.size() < most && oldest.hasNext()) {
            Map.Entry<BlockKey, Integer> entry = oldest.next();
            sum += entry.getValue();
            taken.put(entry.getKey(), entry.getValue());
            oldest.remove();
        }
        return taken;
    }
}
