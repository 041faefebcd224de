package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which chunk lies in which slot, and which goes first when there is no room: the one used longest ago of those that no
 * other chunk here continues. A chunk may come before its parent, which the pool still holds: pools lose leaves first. Knows
 * nothing of the bytes. Safe for use by several threads; guarded by this.
 */
final class HostIndex {
    private final int slots;
    private final Deque<Integer> free = new ArrayDeque<>();
    private final Map<BlockKey, HostChunk> chunks = new HashMap<>();
    private final Set<BlockKey> beingWritten = new HashSet<>();

    /** Chunks here, written or being so, by the chunk that they continue, whether that is here or not. */
    private final Map<BlockKey, Set<BlockKey>> children = new HashMap<>();

    /** Chunks that nobody reads and none continues. */
    private final TreeSet<HostChunk> leaves = new TreeSet<>(Comparator.comparingLong(c -> c.lastUse));

    private long tick;
    private long evicted;

    HostIndex(int slots) {
        this.slots = slots;
        for (int slot = 0; slot < slots; slot++) {
            free.add(slot);
        }
    }

    /** A slot to write the chunk to; null if it is there, being written, or nothing can make room for it. */
    synchronized @Nullable HostChunk reserve(BlockKey key, Optional<BlockKey> parent) {
        if (chunks.containsKey(key) || beingWritten.contains(key)) {
            return null;
        }
        // Before room is made, so that it is not the parent that goes.
        parent.ifPresent(before -> link(before, key));
        Integer slot = free.poll();
        if (slot == null) {
            HostChunk oldest = leaves.pollFirst();
            if (oldest == null) {
                parent.ifPresent(before -> unlink(before, key));
                return null;
            }
            evicted++;
            remove(oldest);
            slot = free.remove();
        }
        beingWritten.add(key);
        return new HostChunk(key, parent, slot);
    }

    /** Makes a chunk visible whose bytes are all there. */
    synchronized void complete(HostChunk chunk, int crc32c) {
        beingWritten.remove(chunk.key);
        chunk.crc32c = crc32c;
        chunks.put(chunk.key, chunk);
        used(chunk);
    }

    /** Gives a reserved slot back. */
    synchronized void abandon(HostChunk chunk) {
        beingWritten.remove(chunk.key);
        chunk.parent.ifPresent(before -> unlink(before, chunk.key));
        free.add(chunk.slot);
    }

    synchronized boolean holds(BlockKey key) {
        return chunks.containsKey(key);
    }

    /** How many leading keys are here. */
    synchronized int run(List<BlockKey> keys) {
        int run = 0;
        while (run < keys.size() && chunks.containsKey(keys.get(run))) {
            run++;
        }
        return run;
    }

    /** A chunk that stays where it is until {@link #unpin}; null if it is not here. */
    synchronized @Nullable HostChunk pin(BlockKey key) {
        HostChunk chunk = chunks.get(key);
        if (chunk != null) {
            leaves.remove(chunk);
            chunk.readers++;
        }
        return chunk;
    }

    synchronized void unpin(HostChunk chunk) {
        chunk.readers--;
        if (!chunk.gone) {
            used(chunk);
        } else if (chunk.readers == 0) {
            free.add(chunk.slot);
        }
    }

    /** Takes out a chunk, here or not, and all that continue it: without it they cannot be reached. */
    synchronized void forget(BlockKey key) {
        var left = new ArrayDeque<BlockKey>(List.of(key));
        while (!left.isEmpty()) {
            BlockKey next = left.remove();
            left.addAll(children.getOrDefault(next, Set.of()));
            HostChunk chunk = chunks.get(next);
            if (chunk != null) {
                leaves.remove(chunk);
                remove(chunk);
            }
        }
    }

    synchronized int used() {
        return slots - free.size();
    }

    /** Chunks that made room for others. */
    synchronized long evicted() {
        return evicted;
    }

    private void used(HostChunk chunk) {
        leaves.remove(chunk);
        chunk.lastUse = ++tick;
        if (chunk.readers == 0 && !children.containsKey(chunk.key)) {
            leaves.add(chunk);
        }
    }

    private void remove(HostChunk chunk) {
        chunks.remove(chunk.key);
        chunk.gone = true;
        chunk.parent.ifPresent(before -> unlink(before, chunk.key));
        if (chunk.readers == 0) {
            free.add(chunk.slot);
        }
    }

    private void link(BlockKey parent, BlockKey child) {
        children.computeIfAbsent(parent, p -> new HashSet<>()).add(child);
        HostChunk chunk = chunks.get(parent);
        if (chunk != null) {
            leaves.remove(chunk);
        }
    }

    private void unlink(BlockKey parent, BlockKey child) {
        Set<BlockKey> left = children.get(parent);
        if (left == null || !left.remove(child) || !left.isEmpty()) {
            return;
        }
        children.remove(parent);
        HostChunk chunk = chunks.get(parent);
        if (chunk != null && chunk.readers == 0) {
            leaves.add(chunk);
        }
    }

    /** Checks every count against every other; for tests. */
    synchronized void checkInvariants() {
        for (HostChunk chunk : chunks.values()) {
            boolean leaf = chunk.readers == 0 && !children.containsKey(chunk.key);
            if (leaf != leaves.contains(chunk) || chunk.gone) {
                throw new IllegalStateException("leaf " + leaf + " of " + chunk.key);
            }
        }
        children.forEach((parent, continuing) -> {
            for (BlockKey child : continuing) {
                if (!chunks.containsKey(child) && !beingWritten.contains(child)) {
                    throw new IllegalStateException("child " + child + " is not here");
                }
            }
        });
        if (new HashSet<>(free).size() != free.size()) {
            throw new IllegalStateException("a slot is free twice");
        }
    }
}
