package dev.kvern.node.store;

/**
 * What a node holds.
 *
 * @param clusterNodes nodes in the cluster, this one included
 * @param primaryBlocks blocks it owns
 * @param backupBlocks copies of others' blocks
 * @param usedBytes of the region, in use
 * @param capacityBytes the region's size
 */
public record StorageUsage(
        int clusterNodes, long primaryBlocks, long backupBlocks, long usedBytes, long capacityBytes) {}
