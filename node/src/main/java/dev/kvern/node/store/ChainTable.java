package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import org.jspecify.annotations.Nullable;

/**
 * Nodes by key. Chained through the nodes themselves: {@code HashMap} would take twice the memory. Not safe for use by
 * several threads.
 */
final class ChainTable {
    private static final int FIRST_PLACES = 1 << 10;
    private static final long MIX = 0x9E3779B97F4A7C15L;

    private @Nullable ChainNode[] places = new ChainNode[FIRST_PLACES];
    private int size;

    @Nullable
    ChainNode find(BlockKey key) {
        return find(new ChainNode(key));
    }

    /** The node of a key, made if there is none. */
    ChainNode findOrAdd(BlockKey key) {
        var wanted = new ChainNode(key);
        ChainNode there = find(wanted);
        if (there != null) {
            return there;
        }
        if (++size > places.length) {
            grow();
        }
        add(wanted);
        return wanted;
    }

    void remove(ChainNode node) {
        int place = place(node);
        ChainNode before = null;
        for (ChainNode at = places[place]; at != null; at = at.next) {
            if (at == node) {
                if (before == null) {
                    places[place] = node.next;
                } else {
                    before.next = node.next;
                }
                node.next = null;
                size--;
                return;
            }
            before = at;
        }
    }

    int size() {
        return size;
    }

    int places() {
        return places.length;
    }

    /** The first node at a place; the others follow it by {@link ChainNode#next}. */
    @Nullable
    ChainNode first(int place) {
        return places[place];
    }

    private @Nullable ChainNode find(ChainNode wanted) {
        ChainNode at = places[place(wanted)];
        while (at != null && !at.sameKey(wanted)) {
            at = at.next;
        }
        return at;
    }

    private void add(ChainNode node) {
        int place = place(node);
        node.next = places[place];
        places[place] = node;
    }

    private void grow() {
        @Nullable ChainNode[] old = places;
        places = new ChainNode[old.length * 2];
        for (ChainNode first : old) {
            ChainNode at = first;
            while (at != null) {
                ChainNode following = at.next;
                add(at);
                at = following;
            }
        }
    }

    private int place(ChainNode node) {
        return (int) (((node.key0 ^ node.key3) * MIX) >>> Integer.SIZE) & (places.length - 1);
    }
}
