package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockChecksum;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.PutOutcome;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.StatsResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Bits that flip in the memory of running nodes: no reader ever gets such a block, and a good copy elsewhere heals it. */
@Timeout(180)
class CorruptionIT {
    private static final int BYTES = 100_000;
    private static final long LIMIT_SECONDS = 60;

    /** Small, as it is looked through. */
    private static final String REGION = "memory.region_bytes=67108864";

    private static final String BLOCK = "memory.max_block_bytes=4194304";

    @TempDir
    private Path directory;

    @Test
    void aCorruptCopyIsHealedFromTheOther() {
        try (var cluster = NodeCluster.start(directory, 3, REGION, BLOCK, "backups=1")) {
            TestChunk chunk = TestChunk.of(1, 1, BYTES);
            Map<String, String> places = store(cluster, chunk);

            // Asked at the primary owner itself, which has only the corrupt copy.
            flip(cluster, "primary", places, chunk);
            readsAndHeals(cluster, places.get("primary"), chunk);

            // At the backup.
            flip(cluster, "backup", places, chunk);
            readsAndHeals(cluster, places.get("backup"), chunk);

            // And at a node that holds none, which takes any owner's.
            flip(cluster, "primary", places, chunk);
            readsAndHeals(cluster, places.get("none"), chunk);

            for (String node : cluster.names()) {
                BlockCounters before = cluster.counters(node);
                try (var client = new TierClient(TierClient.PATIENT, List.of(cluster.address(node)))) {
                    assertThat(client.holds(chunk)).as("at %s", node).isTrue();
                }
                assertThat(cluster.counters(node).getCorruptBlocks())
                        .as("corrupt copies found at %s after healing", node)
                        .isEqualTo(before.getCorruptBlocks());
            }
        }
    }

    /** The parent and labels that a header names are not of the payload, which is whole. */
    @Test
    void aCorruptHeaderIsHealedAsWell() {
        try (var cluster = NodeCluster.start(directory, 2, REGION, BLOCK, "backups=1")) {
            var chunk = new TestChunk(1, 6, 5, BYTES);
            Map<String, String> places = store(cluster, chunk);
            // As stored: checksum, size and tokens, and the parent's first bytes.
            byte[] header = ByteBuffer.allocate(3 * Integer.BYTES + 20)
                    .putInt(new BlockChecksum().of(chunk.key(), ByteBuffer.wrap(chunk.payload())))
                    .putInt(BYTES)
                    .putInt(chunk.tokens())
                    .put(chunk.parent().orElseThrow().toByteArray(), 0, 20)
                    .array();
            var memory =
                    new ProcessMemory(cluster.process(places.get("primary")).pid());
            assertThat(memory.flipBitOf(header, 3 * Integer.BYTES + 9))
                    .as("headers in the memory of the primary owner")
                    .isPositive();
            readsAndHeals(cluster, places.get("primary"), chunk);
        }
    }

    @Test
    void withNoGoodCopyItIsAMissAndCanBeStoredAnew() {
        try (var cluster = NodeCluster.start(directory, 2, REGION, BLOCK, "backups=1")) {
            TestChunk chunk = TestChunk.of(1, 2, BYTES);
            Map<String, String> places = store(cluster, chunk);
            flip(cluster, "primary", places, chunk);
            flip(cluster, "backup", places, chunk);
            try (var client = new TierClient(TierClient.PATIENT, cluster.addresses())) {
                assertThat(client.fetch(chunk)).isInstanceOf(FetchOutcome.Miss.class);
                Await.until(
                        "the block to be gone",
                        LIMIT_SECONDS,
                        () -> sum(cluster, s -> s.getPrimaryBlocks() + s.getBackupBlocks()),
                        held -> held == 0);
                assertThat(sum(cluster, s -> s.getCounters().getCorruptBlocks()))
                        .isPositive();
                assertThat(sum(cluster, s -> s.getCounters().getHealedBlocks())).isZero();
                assertThat(client.outcomeOfPut(chunk)).isEqualTo(new PutOutcome.Stored(1, 0));
                assertThat(client.holds(chunk)).isTrue();
            }
        }
    }

    @Test
    void withoutBackupsACorruptBlockIsAMiss() {
        try (var cluster = NodeCluster.start(directory, 1, REGION, BLOCK, "backups=0")) {
            TestChunk chunk = TestChunk.of(1, 3, BYTES);
            TestChunk other = TestChunk.of(1, 4, BYTES);
            try (var client = new TierClient(TierClient.PATIENT, cluster.addresses())) {
                assertThat(client.put(chunk, other)).isTrue();
                assertThat(new ProcessMemory(cluster.process("node-a").pid()).flipBit(chunk.payload()))
                        .isPositive();
                assertThat(client.fetch(chunk)).isInstanceOf(FetchOutcome.Miss.class);
                assertThat(client.holds(other)).isTrue();
                Await.until(
                        "the block to be gone",
                        LIMIT_SECONDS,
                        () -> cluster.stats("node-a").getPrimaryBlocks(),
                        held -> held == 1);
                BlockCounters counters = cluster.counters("node-a");
                assertThat(counters.getCorruptBlocks()).isEqualTo(1);
                assertThat(counters.getHealedBlocks()).isZero();
            }
        }
    }

    /** Stores a chunk; says which node holds it as its primary owner, which as a backup, and which not at all. */
    private static Map<String, String> store(NodeCluster cluster, TestChunk chunk) {
        var before = new HashMap<String, StatsResponse>();
        cluster.names().forEach(node -> before.put(node, cluster.stats(node)));
        try (var client = new TierClient(TierClient.PATIENT, cluster.addresses())) {
            assertThat(client.put(chunk)).isTrue();
        }
        var places = new HashMap<String, String>();
        for (String node : cluster.names()) {
            StatsResponse now = cluster.stats(node);
            if (now.getPrimaryBlocks() > before.get(node).getPrimaryBlocks()) {
                places.put("primary", node);
            } else if (now.getBackupBlocks() > before.get(node).getBackupBlocks()) {
                places.put("backup", node);
            } else {
                places.put("none", node);
            }
        }
        assertThat(places).containsKeys("primary", "backup");
        return places;
    }

    private static void flip(NodeCluster cluster, String place, Map<String, String> places, TestChunk chunk) {
        assertThat(new ProcessMemory(cluster.process(places.get(place)).pid()).flipBit(chunk.payload()))
                .as("copies of the payload in the memory of the %s owner, %s", place, places.get(place))
                .isPositive();
    }

    /** Reads at one node until that has come upon the corrupt copy; each read must bring the right bytes. */
    private static void readsAndHeals(NodeCluster cluster, String node, TestChunk chunk) {
        BlockCounters before = cluster.counters(node);
        try (var client = new TierClient(TierClient.PATIENT, List.of(cluster.address(node)))) {
            Await.until(
                    node + " to find a corrupt copy",
                    LIMIT_SECONDS,
                    () -> {
                        assertThat(client.holds(chunk)).as("at %s", node).isTrue();
                        return cluster.counters(node).getCorruptBlocks();
                    },
                    corrupt -> corrupt > before.getCorruptBlocks());
            Await.until(
                    node + " to heal it",
                    LIMIT_SECONDS,
                    () -> cluster.counters(node).getHealedBlocks(),
                    healed -> healed > before.getHealedBlocks());
        }
    }

    private static long sum(NodeCluster cluster, ToLongFunction<StatsResponse> figure) {
        return cluster.names().stream().map(cluster::stats).mapToLong(figure).sum();
    }
}
