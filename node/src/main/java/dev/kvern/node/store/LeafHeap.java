package dev.kvern.node.store;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A binary heap of nodes, the least recently used on top; nodes know their place, so that any can be moved or removed. */
final class LeafHeap {
    private static final int FIRST_PLACES = 1 << 10;

    private @Nullable ChainNode[] nodes = new ChainNode[FIRST_PLACES];
    private int size;

    @Nullable
    ChainNode first() {
        return size == 0 ? null : nodes[0];
    }

    int size() {
        return size;
    }

    void add(ChainNode node) {
        if (size == nodes.length) {
            nodes = Arrays.copyOf(nodes, 2 * size);
        }
        rise(size++, node);
    }

    void remove(ChainNode node) {
        int hole = node.heapIndex;
        node.heapIndex = ChainNode.NOT_IN_HEAP;
        ChainNode last = at(--size);
        nodes[size] = null;
        if (last != node) {
            settle(hole, last);
        }
    }

    /** Finds the place of a node whose use has changed. */
    void moved(ChainNode node) {
        settle(node.heapIndex, node);
    }

    private void settle(int index, ChainNode node) {
        if (index > 0 && node.lastUse < at((index - 1) / 2).lastUse) {
            rise(index, node);
        } else {
            sink(index, node);
        }
    }

    private void rise(int from, ChainNode node) {
        int index = from;
        while (index > 0 && node.lastUse < at((index - 1) / 2).lastUse) {
            set(index, at((index - 1) / 2));
            index = (index - 1) / 2;
        }
        set(index, node);
    }

    private void sink(int from, ChainNode node) {
        int index = from;
        while (2 * index + 1 < size) {
            int child = 2 * index + 1;
            if (child + 1 < size && at(child + 1).lastUse < at(child).lastUse) {
                child++;
            }
            if (node.lastUse <= at(child).lastUse) {
                break;
            }
            set(index, at(child));
            index = child;
        }
        set(index, node);
    }

    private ChainNode at(int index) {
        ChainNode node = nodes[index];
        if (node == null) {
            throw new IllegalStateException("heap of " + size + " nodes: none at " + index);
        }
        return node;
    }

    private void set(int index, ChainNode node) {
        nodes[index] = node;
        node.heapIndex = index;
    }
}
