package dev.kvern.node.ignite;

/**
 * How blocks are spread over nodes; decided by the node that begins a cluster.
 *
 * @param backups copies of each block on other nodes
 * @param partitions parts that blocks are divided into, a power of two; each lies on one node, and on as many others as there are
 *     backups
 */
public record Placement(int backups, int partitions) {
    /** What nodes have by default, but for the backups. */
    public static final int DEFAULT_PARTITIONS = 256;

    /** With the default number of partitions. */
    public static Placement withBackups(int backups) {
        return new Placement(backups, DEFAULT_PARTITIONS);
    }
}
