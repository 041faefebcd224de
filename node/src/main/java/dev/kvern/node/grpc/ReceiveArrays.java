package dev.kvern.node.grpc;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Arrays that blocks are received into, used again: a new one would be set to zero first, and the collector would copy it about.
 * Blocks of a model are of one size, so that an array mostly fits. Safe for use by several threads; guarded by this.
 */
final class ReceiveArrays {
    private final Deque<byte[]> idle = new ArrayDeque<>();
    private final long mostBytes;
    private long bytes;

    /** @param mostBytes kept for later */
    ReceiveArrays(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    /** An array of that length and of any content. */
    byte[] take(int length) {
        synchronized (this) {
            for (Iterator<byte[]> each = idle.iterator(); each.hasNext(); ) {
                byte[] array = each.next();
                if (array.length == length) {
                    each.remove();
                    bytes -= length;
                    return array;
                }
            }
        }
        return new byte[length];
    }

    /** Takes an array back that nobody refers to any more. */
    synchronized void give(byte[] array) {
        if (array.length > mostBytes) {
            return;
        }
        // The last one first: it may still be in the processor's cache.
        idle.push(array);
        bytes += array.length;
        while (bytes > mostBytes) {
            bytes -= idle.removeLast().length;
        }
    }
}
