package dev.kvern.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.config.ConfigException;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.StatsRequest;
import dev.kvern.v1.StatsResponse;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.ignite.Ignition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The contract over real Ignite, and what only a cluster shows. */
class NodeProcessTest extends BlockStoreContract {
    private static final long REGION_BYTES = 64L << 20;

    private static NodeProcess node;
    private static ManagedChannel channel;

    @BeforeAll
    static void start() throws ConfigException {
        node = NodeProcess.start(config("id=node-a"));
        channel = connect(node);
    }

    @AfterAll
    static void stop() {
        channel.shutdownNow();
        node.close();
    }

    @Override
    protected Channel channel() {
        return channel;
    }

    @Test
    void theReadyLineNamesTheAddresses() {
        assertThat(node.readyLine())
                .isEqualTo("ready role=node id=node-a grpc=127.0.0.1:" + node.grpcPort() + " discovery="
                        + node.discoveryAddress());
    }

    @Test
    void aCorruptCopyIsAMissAndGone() {
        putAll(400);
        var cache = Ignition.ignite("node-a").<String, byte[]>cache("kvern-blocks");
        byte[] encoded = cache.get(Blocks.key(400).toHex());
        encoded[encoded.length - 1] ^= 1;
        cache.put(Blocks.key(400).toHex(), encoded);
        long before = counters().getCorruptBlocks();
        var response = blocking()
                .get(GetRequest.newBuilder()
                        .addKeys(Blocks.key(400).toByteString())
                        .build())
                .next();
        assertThat(response.hasMiss()).isTrue();
        assertThat(counters().getCorruptBlocks() - before).isEqualTo(1);
        Awaits.until("the copy is gone", () -> match(400) == 0);
    }

    @Test
    void aBlockOutlivesTheNodeThatTookIt() throws ConfigException {
        List<Integer> numbers = IntStream.range(500, 540).boxed().toList();
        NodeProcess second =
                NodeProcess.start(config("id=node-b", "ignite.addresses=[\"" + node.discoveryAddress() + "\"]"));
        ManagedChannel toSecond = connect(second);
        try {
            var store = new Remote(toSecond);
            Awaits.until("both see each other", () -> store.stats().getClusterNodes() == 2);
            store.putAll(numbers.stream().mapToInt(Integer::intValue).toArray());
            // It becomes an owner when what it is to own has been copied to it.
            Awaits.until("the second node holds its part", () -> {
                StatsResponse stats = store.stats();
                return stats.getPrimaryBlocks() > 0
                        && stats.getPrimaryBlocks() + stats.getBackupBlocks() >= numbers.size();
            });
            assertThat(match(numbers.stream().mapToInt(Integer::intValue).toArray()))
                    .isEqualTo(40);
        } finally {
            toSecond.shutdownNow();
            second.close();
        }
        assertThat(match(numbers.stream().mapToInt(Integer::intValue).toArray()))
                .isEqualTo(40);
    }

    @Test
    void aFullRegionEvictsAndGoesOnServing() throws ConfigException {
        NodeProcess small = NodeProcess.start(config("id=node-small"));
        ManagedChannel toSmall = connect(small);
        try {
            var store = new Remote(toSmall);
            int size = 256 << 10;
            int blocks = (int) (3 * REGION_BYTES / size);
            byte[] favourite = Blocks.payload(0, size);
            for (int i = 0; i < blocks; i++) {
                byte[] payload = i == 0 ? favourite : Blocks.payload(i, size);
                Blocks.put(
                        store.async(), Blocks.headerPart(Blocks.header(i, payload)), Blocks.dataPart(payload, 0, size));
                if (i % 16 == 15) {
                    assertThat(store.holds(0))
                            .as("the block in use, after %d", i)
                            .isTrue();
                    assertThat(store.holds(i)).as("the newest block").isTrue();
                }
            }
            StatsResponse stats = store.stats();
            // The rest is the read cache's.
            assertThat(stats.getCapacityBytes()).isEqualTo(REGION_BYTES / 8 * 7);
            assertThat(stats.getUsedBytes()).isLessThanOrEqualTo(REGION_BYTES);
            assertThat(stats.getCounters().getEvictedBlocks()).isPositive();
            assertThat(stats.getPrimaryBlocks()).isLessThan(blocks).isGreaterThan(blocks / 6);
        } finally {
            toSmall.shutdownNow();
            small.close();
        }
    }

    @Test
    void evictsInTheOrderOfUseEvenIfBlocksAreLargeForTheRegion() throws ConfigException {
        // Ignite keeps room for the largest blocks, up to a tenth of the region: it would evict at random before the
        // watermark.
        long largest = REGION_BYTES / 16;
        NodeProcess small = NodeProcess.start(config("id=node-small", "memory.max_block_bytes=" + largest));
        ManagedChannel toSmall = connect(small);
        try {
            var store = new Remote(toSmall);
            int size = 512 << 10;
            int blocks = (int) (8 * REGION_BYTES / size);
            for (int i = 0; i < blocks; i++) {
                byte[] payload = Blocks.payload(i, size);
                Blocks.put(
                        store.async(), Blocks.headerPart(Blocks.header(i, payload)), Blocks.dataPart(payload, 0, size));
            }
            StatsResponse stats = store.stats();
            // One that Ignite took would be in neither count, and its key would stay in the order of use.
            assertThat(stats.getCounters().getEvictedBlocks() + stats.getPrimaryBlocks())
                    .isGreaterThanOrEqualTo(blocks * 95L / 100);
            int newest = blocks - (int) stats.getPrimaryBlocks() * 3 / 4;
            assertThat(IntStream.range(newest, blocks).filter(i -> !store.holds(i)))
                    .as("of the newest, which a node of %d blocks lacks", stats.getPrimaryBlocks())
                    .hasSizeLessThan((blocks - newest) / 10);
        } finally {
            toSmall.shutdownNow();
            small.close();
        }
    }

    @Test
    void takenPortsAreTheOperatorsMistake() {
        String discoveryPort = node.discoveryAddress().replaceAll(".*:", "");
        for (String setting :
                List.of("listen.grpc_port=" + node.grpcPort(), "ignite.discovery_port=" + discoveryPort)) {
            var failure =
                    catchThrowableOfType(KvernException.class, () -> NodeProcess.start(config("id=late", setting)));
            assertThat(failure.reason()).isEqualTo(ErrorReason.MISCONFIGURED);
            assertThat(failure.getMessage())
                    .contains(setting.replaceAll(".*=", ""))
                    .contains("expected");
        }
    }

    private static NodeConfig config(String... overrides) throws ConfigException {
        var all = new ArrayList<>(List.of(
                "listen.grpc_port=0",
                "ignite.discovery_port=0",
                "ignite.communication_port=0",
                "memory.region_bytes=" + REGION_BYTES,
                "memory.max_block_bytes=" + MAX_BLOCK_BYTES));
        all.addAll(List.of(overrides));
        return NodeConfig.loader().load(null, all).config();
    }

    private static ManagedChannel connect(NodeProcess to) {
        return NettyChannelBuilder.forAddress("127.0.0.1", to.grpcPort())
                .usePlaintext()
                .build();
    }

    /** A node seen through its port. */
    private static final class Remote {
        private final Channel channel;

        Remote(Channel channel) {
            this.channel = channel;
        }

        BlockStoreServiceGrpc.BlockStoreServiceStub async() {
            return BlockStoreServiceGrpc.newStub(channel);
        }

        StatsResponse stats() {
            return BlockStoreServiceGrpc.newBlockingStub(channel).stats(StatsRequest.getDefaultInstance());
        }

        boolean holds(int number) {
            var responses = BlockStoreServiceGrpc.newBlockingStub(channel)
                    .get(GetRequest.newBuilder()
                            .addKeys(Blocks.key(number).toByteString())
                            .build());
            boolean held = responses.next().hasHeader();
            // A call that is left half read keeps what has come of it.
            responses.forEachRemaining(rest -> {});
            return held;
        }

        void putAll(int... numbers) {
            var parts = new ArrayList<PutRequest>();
            for (int number : numbers) {
                byte[] payload = Blocks.payload(number, 5_000);
                parts.add(Blocks.headerPart(Blocks.header(number, payload)));
                parts.add(Blocks.dataPart(payload, 0, payload.length));
            }
            Blocks.put(async(), parts.toArray(PutRequest[]::new));
        }
    }
}
