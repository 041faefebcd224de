package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.rpc.GrpcChannels;
import dev.kvern.runner.tier.BlockStoreClient;
import dev.kvern.runner.tier.ChunkSource;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.MissReason;
import dev.kvern.runner.tier.PutOutcome;
import dev.kvern.runner.tier.TierOptions;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

/** The runner's client to the cache tier, which checks each chunk that it gets byte for byte. Safe for use by several threads. */
final class TierClient implements AutoCloseable {
    /** Where nothing hangs, and nothing is to fail for lack of time on a busy machine. */
    static final TierOptions PATIENT = new TierOptions(60_000, 60_000, 60_000, 256 << 10, 2, 2_000);

    private final BlockStoreClient client;

    TierClient(TierOptions options, Collection<String> nodes) {
        this(options, nodes, System::nanoTime);
    }

    /** The same with a clock of its own. */
    TierClient(TierOptions options, Collection<String> nodes, LongSupplier nanoTime) {
        client = new BlockStoreClient(options, GrpcChannels::open, nanoTime);
        client.setNodes(nodes);
    }

    /** With the runner's own options. */
    TierClient(Collection<String> nodes) {
        this(TierOptions.DEFAULTS, nodes);
    }

    void nodes(Collection<String> addresses) {
        client.setNodes(addresses);
    }

    /** Whether the tier says that it has stored them, or had them. */
    boolean put(TestChunk... chunks) {
        return client.put(List.of(chunks)) instanceof PutOutcome.Stored;
    }

    PutOutcome outcomeOfPut(ChunkSource... chunks) {
        return client.put(List.of(chunks));
    }

    /** Whether it is found; what is found must be what was stored. */
    boolean holds(TestChunk chunk) {
        return fetch(chunk) instanceof FetchOutcome.Hit;
    }

    FetchOutcome fetch(TestChunk chunk) {
        var payload = new AtomicReference<byte[]>();
        FetchOutcome outcome = fetch(chunk.key(), chunk.bytes(), payload);
        if (payload.get() != null) {
            assertThat(payload.get()).as("chunk %s", chunk).isEqualTo(chunk.payload());
        }
        assertThat(outcome instanceof FetchOutcome.Hit).isEqualTo(payload.get() != null);
        return outcome;
    }

    /** Fetches several chunks of one size in one call. */
    CompletableFuture<FetchOutcome> fetchAll(List<TestChunk> chunks) {
        return client.fetch(
                        chunks.stream().map(TestChunk::key).toList(),
                        chunks.get(0).bytes(),
                        (index, arrived) -> assertThat(arrived)
                                .as("chunk %d of %s", index, chunks)
                                .isEqualTo(ByteBuffer.wrap(chunks.get(index).payload())))
                .outcome();
    }

    /** What is stored under a key, whatever it is. */
    Optional<byte[]> read(BlockKey key, int bytes) {
        var payload = new AtomicReference<byte[]>();
        fetch(key, bytes, payload);
        return Optional.ofNullable(payload.get());
    }

    private FetchOutcome fetch(BlockKey key, int bytes, AtomicReference<byte[]> payload) {
        return client.fetch(List.of(key), bytes, (index, arrived) -> {
                    byte[] copy = new byte[arrived.remaining()];
                    arrived.get(copy);
                    payload.set(copy);
                })
                .outcome()
                .join();
    }

    /**
     * Reads a chunk until it is found, as often as it takes.
     *
     * @return how long that took
     */
    long millisUntilFound(TestChunk chunk, long limitSeconds) {
        long asked = System.nanoTime();
        Await.until("chunk " + chunk, limitSeconds, () -> fetch(chunk), outcome -> outcome instanceof FetchOutcome.Hit);
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - asked);
    }

    /** Whether no node was asked because all are being left alone. */
    static boolean leftAlone(FetchOutcome outcome) {
        return outcome instanceof FetchOutcome.Miss miss && miss.reason() == MissReason.NO_NODES;
    }

    @Override
    public void close() {
        client.close();
    }
}
