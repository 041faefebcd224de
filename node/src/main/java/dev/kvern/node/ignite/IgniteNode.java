package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.EvictionPolicy;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.HostPort;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;
import org.apache.ignite.IgniteSystemProperties;
import org.apache.ignite.Ignition;
import org.apache.ignite.configuration.DataPageEvictionMode;
import org.apache.ignite.configuration.DataRegionConfiguration;
import org.apache.ignite.configuration.DataStorageConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.configuration.SystemDataRegionConfiguration;
import org.apache.ignite.internal.pagemem.impl.PageMemoryNoStoreImpl;
import org.apache.ignite.spi.discovery.tcp.TcpDiscoverySpi;
import org.slf4j.LoggerFactory;

/** A running Ignite server node with one bounded region. Safe for use by several threads. */
public final class IgniteNode implements AutoCloseable {
    static final String REGION = "blocks";

    /** Larger than the default's 4 KiB: puts of large values are 1.3 to 2.7 times faster. */
    private static final int PAGE_BYTES = 16 << 10;

    /** More than Ignite keeps of a page for itself. */
    private static final int PAGE_OVERHEAD_BYTES = 128;

    /** More than an entry takes beside its value: its key, its version, and its place in the index. */
    private static final int ENTRY_OVERHEAD_BYTES = 512;

    /** The last guard: Ignite evicts pages at random from here on. */
    private static final double PAGE_EVICTION_THRESHOLD = 0.96;

    /**
     * Connections between nodes stay open: to make a new one to a node that hangs blocks whoever needs it until the node counts
     * as lost.
     */
    private static final long IDLE_CONNECTION_MILLIS = TimeUnit.DAYS.toMillis(1);

    /** What a node asks another for at a time when partitions move, and more by a block at most. */
    private static final int REBALANCE_BATCH_BYTES = 512 << 10;

    /** Tried, one after the other, where any port will do. */
    private static final int OTHER_FREE_PORTS = 50;

    /** One may wait to send while another takes in what has come. */
    private static final int REBALANCE_THREADS = 2;

    /** Within that a machine that is there answers; one that is gone may never say so. */
    private static final int CONNECT_MILLIS = 1_000;

    private static final long SYSTEM_REGION_BYTES = 32L << 20;

    private final Ignite ignite;
    private final GroupMetrics metrics;
    private final String discovery;
    private final Path workDirectory;
    private final boolean removeWorkDirectory;

    private IgniteNode(
            Ignite ignite, GroupMetrics metrics, String discovery, Path workDirectory, boolean removeWorkDirectory) {
        this.ignite = ignite;
        this.metrics = metrics;
        this.discovery = discovery;
        this.workDirectory = workDirectory;
        this.removeWorkDirectory = removeWorkDirectory;
    }

    /**
     * What the node is to be.
     *
     * @param host address to bind
     * @param advertiseHost under which others reach the node; empty for {@code host}
     * @param zone where its machine is; copies of a block lie in different ones. Empty for none
     * @param discoveryPort 0 for a free one
     * @param communicationPort 0 for a free one
     * @param addresses where others may be, HOST or HOST:PORT
     * @param foundAfterMillis for how long others are looked for in vain before a cluster begins; 0: it begins at once
     * @param workDirectory empty for one of the directory for temporary files
     * @param rebalanceBytesPerSecond most that is sent, and most that is received, to move partitions
     */
    public record Settings(
            String id,
            String host,
            String advertiseHost,
            String zone,
            int discoveryPort,
            int communicationPort,
            List<String> addresses,
            int foundAfterMillis,
            String workDirectory,
            int failureDetectionMillis,
            long rebalanceBytesPerSecond,
            long regionBytes,
            int maxBlockBytes) {}

    /**
     * Starts the node and joins the others, if there are any; waits for {@code foundAfterMillis} if it finds none.
     *
     * @param policy told which blocks the node holds
     * @param onGone told of blocks that it holds no more, after the policy
     * @param onLoss told if the node is of no more use
     * @throws KvernException MISCONFIGURED if a port is taken or the directory cannot be written
     */
    public static IgniteNode start(
            Settings settings, EvictionPolicy policy, Consumer<BlockKey> onGone, Consumer<String> onLoss) {
        System.setProperty(IgniteSystemProperties.IGNITE_QUIET, "false");
        System.setProperty(IgniteSystemProperties.IGNITE_NO_ASCII, "true");
        System.setProperty(IgniteSystemProperties.IGNITE_UPDATE_NOTIFIER, "false");
        System.setProperty(IgniteSystemProperties.IGNITE_PERFORMANCE_SUGGESTIONS_DISABLED, "true");
        System.setProperty(IgniteSystemProperties.IGNITE_NO_SHUTDOWN_HOOK, "true");
        IgniteAddress address = IgniteAddress.of(settings.host(), settings.advertiseHost());
        int discoveryPort = port("ignite.discovery_port", address.bind(), settings.discoveryPort());
        int communicationPort = port("ignite.communication_port", address.bind(), settings.communicationPort());
        var finder = new AddressIpFinder(settings.addresses(), address.own(discoveryPort));
        new ClusterSearch(
                        finder::listed,
                        one -> one.getPort() == discoveryPort && address.leadsHere(one.getAddress()),
                        IgniteNode::listens)
                .await(settings.foundAfterMillis());
        boolean temporary = settings.workDirectory().isEmpty();
        Path directory = workDirectory(settings.workDirectory());
        var metrics = new GroupMetrics();
        var configuration = new IgniteConfiguration()
                .setIgniteInstanceName(settings.id())
                .setConsistentId(settings.id())
                .setUserAttributes(Map.of(ZonedAffinity.ATTRIBUTE, settings.zone()))
                .setWorkDirectory(directory.toString())
                .setLocalHost(address.bind())
                .setAddressResolver(address.resolver().orElse(null))
                .setGridLogger(new Slf4jIgniteLogger(LoggerFactory.getLogger("org.apache.ignite")))
                .setLifecycleBeans(new PageGate())
                .setFailureHandler(new FailureWatch(onLoss))
                .setFailureDetectionTimeout(settings.failureDetectionMillis())
                .setMetricsLogFrequency(0)
                .setMetricExporterSpi(metrics)
                .setClientConnectorConfiguration(null)
                .setConnectorConfiguration(null)
                // What the eviction policy learns from.
                .setIncludeEventTypes(HeldBlocks.EVENTS)
                // From before the node joins: blocks begin to arrive while it does.
                .setLocalEventListeners(Map.of(new HeldBlocks(policy, onGone), HeldBlocks.EVENTS))
                .setDataStorageConfiguration(storage(settings.regionBytes(), settings.maxBlockBytes()))
                .setRebalanceBatchSize(REBALANCE_BATCH_BYTES)
                .setRebalanceBatchesPrefetchCount(1)
                .setRebalanceThreadPoolSize(REBALANCE_THREADS)
                .setCommunicationSpi(new PacedCommunication(
                                settings.rebalanceBytesPerSecond(), REBALANCE_BATCH_BYTES, System::nanoTime)
                        .setLocalPort(communicationPort)
                        // One that was free may be taken by now, by another process of this machine.
                        .setLocalPortRange(settings.communicationPort() == 0 ? OTHER_FREE_PORTS : 0)
                        .setSocketReceiveBuffer(0)
                        .setSocketSendBuffer(0)
                        .setIdleConnectionTimeout(IDLE_CONNECTION_MILLIS))
                .setDiscoverySpi(new TcpDiscoverySpi()
                        .setLocalPort(discoveryPort)
                        .setLocalPortRange(0)
                        .setIpFinder(finder));
        try {
            Ignite ignite = Ignition.start(configuration);
            return new IgniteNode(ignite, metrics, HostPort.of(address.bind(), discoveryPort), directory, temporary);
        } catch (IgniteException e) {
            removeQuietly(directory, temporary);
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "ignite: " + rootMessage(e) + " (expected: free ports " + discoveryPort + " and "
                            + communicationPort + " on " + address.bind() + ", and nodes at " + settings.addresses()
                            + " of the same version)",
                    e);
        }
    }

    /** Pages that are kept empty for the next block, which Ignite bounds by a tenth of the region. */
    private static int emptyPages(long regionBytes, int maxBlockBytes) {
        long pages = regionBytes / PAGE_BYTES;
        return (int) Math.min(pages / 10 - 1, Math.max(100, 2L * maxBlockBytes / PAGE_BYTES));
    }

    /**
     * Part of a region in use beyond which Ignite may evict pages by itself: at random, and without telling anyone. Whoever
     * evicts in the order of use must begin before.
     */
    public static double evictsAtRandomFrom(long regionBytes, int maxBlockBytes) {
        // Of pages Ignite counts with what it puts before each.
        double threshold = PAGE_EVICTION_THRESHOLD * PAGE_BYTES / (PAGE_BYTES + PageMemoryNoStoreImpl.PAGE_OVERHEAD);
        return threshold - (double) emptyPages(regionBytes, maxBlockBytes) * PAGE_BYTES / regionBytes;
    }

    /** Bytes of a region that a value takes: whole pages, less what Ignite keeps of each for itself. */
    public static long footprintBytes(int valueBytes) {
        long room = PAGE_BYTES - PAGE_OVERHEAD_BYTES;
        return (valueBytes + ENTRY_OVERHEAD_BYTES + room - 1) / room * PAGE_BYTES;
    }

    private static DataStorageConfiguration storage(long regionBytes, int maxBlockBytes) {
        return new DataStorageConfiguration()
                .setPageSize(PAGE_BYTES)
                .setSystemDataRegionConfiguration(new SystemDataRegionConfiguration()
                        .setInitialSize(SYSTEM_REGION_BYTES)
                        .setMaxSize(SYSTEM_REGION_BYTES))
                .setDefaultDataRegionConfiguration(new DataRegionConfiguration()
                        .setName(REGION)
                        .setInitialSize(regionBytes)
                        .setMaxSize(regionBytes)
                        .setMetricsEnabled(true)
                        .setEmptyPagesPoolSize(emptyPages(regionBytes, maxBlockBytes))
                        .setPageEvictionMode(DataPageEvictionMode.RANDOM_2_LRU)
                        .setEvictionThreshold(PAGE_EVICTION_THRESHOLD));
    }

    private static boolean listens(InetSocketAddress address) {
        try (var socket = new Socket()) {
            socket.connect(address, CONNECT_MILLIS);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** The port, or a free one for 0. Ignite would otherwise say in many words that a port is taken. */
    private static int port(String key, String host, int port) {
        try (var socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getByName(host), port));
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    key + ": " + port + " on " + host + ": " + e.getMessage()
                            + " (expected: an address of this machine and a free port)",
                    e);
        }
    }

    private static Path workDirectory(String path) {
        try {
            return path.isEmpty()
                    ? Files.createTempDirectory("kvern-node-")
                    : Files.createDirectories(Path.of(path).toAbsolutePath());
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "ignite.work_directory: " + path + ": " + e + " (expected: a directory that can be written)",
                    e);
        }
    }

    /** The Ignite API. */
    public Ignite ignite() {
        return ignite;
    }

    /** What Ignite measures of our cache's partitions. */
    public GroupMetrics metrics() {
        return metrics;
    }

    /** HOST:PORT where other nodes meet this one. */
    public String discoveryAddress() {
        return discovery;
    }

    /** Leaves the cluster and frees the region. */
    @Override
    public void close() {
        Ignition.stop(ignite.name(), true);
        removeQuietly(workDirectory, removeWorkDirectory);
    }

    private static void removeQuietly(Path directory, boolean ours) {
        if (!ours) {
            return;
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException | UncheckedIOException e) {
            LoggerFactory.getLogger(IgniteNode.class).debug("{} stays: {}", directory, e.toString());
        }
    }

    private static String rootMessage(Throwable failure) {
        Throwable t = failure;
        while (t.getCause() != null) {
            t = t.getCause();
        }
        return String.valueOf(t.getMessage());
    }
}
