package dev.kvern.node;

import dev.kvern.cluster.ClusterId;
import dev.kvern.cluster.OwnerMap;
import dev.kvern.config.ConfigLoader;
import dev.kvern.config.Problems;
import dev.kvern.config.Validated;
import dev.kvern.node.store.CacheMemory;
import dev.kvern.rpc.HostPort;
import dev.kvern.telemetry.TelemetryConfig;
import java.nio.file.Path;
import java.util.List;

/** A cache node's configuration; node-defaults.yaml beside this record says what each key means. */
public record NodeConfig(
        String id,
        Listen listen,
        String advertiseHost,
        String coordinator,
        String clusterId,
        String zone,
        IgniteSection ignite,
        Memory memory,
        int backups,
        int partitions,
        Rebalance rebalance,
        Limits limits,
        Shutdown shutdown,
        TelemetryConfig telemetry)
        implements Validated {
    private static final int MAX_PORT = 65_535;
    private static final int MAX_MILLIS = 600_000;
    private static final int MAX_DRAIN_MILLIS = 86_400_000;
    private static final int MAX_ZONE = 256;
    private static final long MIN_REGION_BYTES = 32L << 20;
    private static final long MIN_REBALANCE_BYTES = 1L << 20;

    /** What one takes of the region of a node that holds it, with few blocks in it; measured. */
    private static final long PARTITION_BYTES = 36 << 10;

    private static final int REGION_SHARE_OF_A_BLOCK = 16;
    private static final double MAX_READ_CACHE_SHARE = 0.5;
    private static final double MIN_LOW_WATERMARK = 0.05;

    /** Where the gRPC server listens. */
    public record Listen(String host, int grpcPort, String unixSocket) {
        /** Its path, absolute, as others find it; empty for none. */
        public String unixSocketPath() {
            return unixSocket.isEmpty()
                    ? ""
                    : Path.of(unixSocket).toAbsolutePath().normalize().toString();
        }
    }

    /** The Ignite node. */
    public record IgniteSection(
            int discoveryPort,
            int communicationPort,
            List<String> addresses,
            int foundAfterMillis,
            String workDirectory,
            int failureDetectionMillis) {
        public IgniteSection {
            addresses = List.copyOf(addresses);
        }
    }

    /** The region for blocks. */
    public record Memory(
            long regionBytes, double readCacheShare, double highWatermark, double lowWatermark, int maxBlockBytes) {
        /** Of regionBytes, what holds copies of blocks that are read often; 0 if too little for one of the largest. */
        public long readCacheBytes() {
            return CacheMemory.wholePages(Math.round(regionBytes * readCacheShare), maxBlockBytes);
        }
    }

    /** How partitions move when nodes come or go. */
    public record Rebalance(long bytesPerSecond) {}

    /** Bounds of what the service does at a time. */
    public record Limits(
            int threads, int readAheadBlocks, int operationTimeoutMillis, long receivingBytes, long sendingBytes) {}

    /** What happens on SIGTERM. */
    public record Shutdown(int drainMillis) {}

    public static ConfigLoader<NodeConfig> loader() {
        return new ConfigLoader<>(NodeConfig.class, "node-defaults.yaml");
    }

    @Override
    public void validate(Problems problems) {
        problems.check(!listen.host.isBlank(), "listen.host", "''", "an address of this machine");
        problems.range("listen.grpc_port", listen.grpcPort, 0, MAX_PORT);
        problems.check(ClusterId.isValid(clusterId), "cluster_id", "'" + clusterId + "'", ClusterId.expected());
        if (!coordinator.isEmpty()) {
            problems.addresses("coordinator", coordinator);
            problems.check(
                    !advertiseHost.isEmpty() || !HostPort.isWildcard(listen.host),
                    "advertise_host",
                    "''",
                    "the host under which runners reach this node, as listen.host " + listen.host + " names none");
        }
        problems.check(
                zone.equals(zone.strip()) && zone.length() <= MAX_ZONE,
                "zone",
                "'" + zone + "'",
                "a name of at most " + MAX_ZONE + " characters without space around it, or '' for none");
        problems.range("ignite.discovery_port", ignite.discoveryPort, 0, MAX_PORT);
        problems.range("ignite.communication_port", ignite.communicationPort, 0, MAX_PORT);
        for (int i = 0; i < ignite.addresses.size(); i++) {
            String address = ignite.addresses.get(i);
            problems.check(
                    address.matches("[^\\s:]+(:\\d{1,5})?|\\[[0-9a-fA-F:]+](:\\d{1,5})?"),
                    "ignite.addresses[" + i + "]",
                    "'" + address + "'",
                    "HOST or HOST:PORT");
        }
        problems.range("ignite.found_after_millis", ignite.foundAfterMillis, 0, MAX_MILLIS);
        problems.check(
                ignite.foundAfterMillis == 0 || !ignite.addresses.isEmpty(),
                "ignite.found_after_millis",
                ignite.foundAfterMillis,
                "0, as ignite.addresses has none to look at");
        problems.range("ignite.failure_detection_millis", ignite.failureDetectionMillis, 500, MAX_MILLIS);
        problems.range("memory.region_bytes", memory.regionBytes, MIN_REGION_BYTES, 1L << 50);
        problems.check(
                memory.readCacheShare >= 0 && memory.readCacheShare <= MAX_READ_CACHE_SHARE,
                "memory.read_cache_share",
                memory.readCacheShare,
                "0 to " + MAX_READ_CACHE_SHARE);
        problems.check(
                memory.highWatermark >= 0.1 && memory.highWatermark <= 0.95,
                "memory.high_watermark",
                memory.highWatermark,
                "0.1 to 0.95");
        problems.check(
                memory.lowWatermark >= MIN_LOW_WATERMARK && memory.lowWatermark < memory.highWatermark,
                "memory.low_watermark",
                memory.lowWatermark,
                MIN_LOW_WATERMARK + " to below memory.high_watermark, which is " + memory.highWatermark);
        problems.range("memory.max_block_bytes", memory.maxBlockBytes, 1, memory.regionBytes / REGION_SHARE_OF_A_BLOCK);
        problems.range("backups", backups, 0, 16);
        problems.check(
                Integer.bitCount(partitions) == 1
                        && partitions > 0
                        && partitions <= OwnerMap.MAX_PARTITIONS
                        && partitions * PARTITION_BYTES <= memory.regionBytes / 2,
                "partitions",
                partitions,
                "a power of two, of which each takes " + PARTITION_BYTES
                        + " bytes of half of memory.region_bytes, at most " + OwnerMap.MAX_PARTITIONS);
        problems.range("rebalance.bytes_per_second", rebalance.bytesPerSecond, MIN_REBALANCE_BYTES, 1L << 50);
        problems.range("limits.threads", limits.threads, 1, 256);
        problems.range("limits.read_ahead_blocks", limits.readAheadBlocks, 1, 1_024);
        problems.range("limits.operation_timeout_millis", limits.operationTimeoutMillis, 1, MAX_MILLIS);
        problems.range("limits.receiving_bytes", limits.receivingBytes, memory.maxBlockBytes, 1L << 50);
        problems.range("limits.sending_bytes", limits.sendingBytes, memory.maxBlockBytes, 1L << 50);
        problems.range("shutdown.drain_millis", shutdown.drainMillis, 0, MAX_DRAIN_MILLIS);
        telemetry.validate(problems);
    }
}
