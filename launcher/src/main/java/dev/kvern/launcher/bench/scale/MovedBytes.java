package dev.kvern.launcher.bench.scale;

import dev.kvern.v1.NodeRebalance;
import dev.kvern.v1.RebalanceStatusResponse;
import java.util.HashMap;
import java.util.Map;

/**
 * What nodes have received to take partitions over, from their answers at short intervals. A node tells of the transfer under way or
 * the last one, and begins at nothing with each. Confined to a thread.
 */
final class MovedBytes {
    private final Map<String, Long> last = new HashMap<>();
    private boolean begun;
    private long bytes;
    private long firstNanos;
    private long lastNanos;

    /**
     * Takes an answer in. What a node says in the first one was before.
     *
     * @param nanos when it came
     */
    void saw(RebalanceStatusResponse status, long nanos) {
        long more = 0;
        for (NodeRebalance node : status.getNodesList()) {
            long now = node.getReceivedBytes();
            // One that is new has received nothing before.
            long before = last.getOrDefault(node.getNodeId(), begun ? 0 : now);
            last.put(node.getNodeId(), now);
            more += now >= before ? now - before : now;
        }
        begun = true;
        if (bytes + more == 0) {
            firstNanos = nanos;
        }
        if (more > 0) {
            bytes += more;
            lastNanos = nanos;
        }
    }

    long bytes() {
        return bytes;
    }

    /** From before the first byte came until the last; 0 if none did. */
    double seconds() {
        return bytes == 0 ? 0 : (lastNanos - firstNanos) / 1e9;
    }
}
