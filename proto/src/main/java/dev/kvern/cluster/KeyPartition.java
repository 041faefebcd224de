package dev.kvern.cluster;

import dev.kvern.block.BlockKey;

/**
 * The partition of a block in Ignite's cache, computed without Ignite: what {@code RendezvousAffinityFunction.partition} of Ignite
 * 2.18 gives for the key's hexadecimal form, under which nodes store it.
 */
public final class KeyPartition {
    private KeyPartition() {}

    /** A number from 0 to {@code partitions - 1}.
     *
     * @throws IllegalArgumentException if {@code partitions} is not positive
     */
    public static int of(BlockKey key, int partitions) {
        if (partitions < 1) {
            throw new IllegalArgumentException("partitions: " + partitions + " (expected: 1 or more)");
        }
        int hash = key.toHex().hashCode();
        if ((partitions & (partitions - 1)) == 0) {
            return (hash ^ (hash >>> 16)) & (partitions - 1);
        }
        return Math.abs(hash % partitions);
    }
}
