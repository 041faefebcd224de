package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.GetResponse;
import dev.kvern.v1.PlacedBlock;
import dev.kvern.v1.SharedMemory;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Fetches of more than fits into the node's memory at a time, through which blocks pass: the first in is the first to be written over. */
@Timeout(60)
class PassingBlocksTest {
    private static final int CHUNK_BYTES = 1_000;
    private static final int CHUNKS = 200;

    /** Of the node's memory, and those through which blocks pass. */
    private static final int SLOTS = 64;

    private static final int PASSING = SLOTS / 4;

    @TempDir
    private Path directory;

    private final String name = UUID.randomUUID().toString();
    private final List<BlockKey> keys = Chains.keys(1, CHUNKS);
    private final BlockStoreClient client = new BlockStoreClient(
            new TierOptions(20_000, 20_000, 20_000, 256, 2, 1_000),
            address -> InProcessChannelBuilder.forName(name).build(),
            System::nanoTime);
    private final Node node = new Node();
    private Server server;

    @BeforeEach
    void start() throws IOException {
        node.file = Files.write(directory.resolve("memory"), new byte[SLOTS * CHUNK_BYTES]);
        server = InProcessServerBuilder.forName(name).addService(node).build().start();
        client.setNodes(List.of("unix:///node.sock"));
    }

    @AfterEach
    void stop() {
        client.close();
        server.shutdownNow();
    }

    @Test
    void nothingIsWrittenOverBeforeItWasCopied() {
        fetch();
        assertThat(node.sent).as("the node had yet to say where its memory is").hasValue(CHUNKS);
        fetch();
        assertThat(node.sent).hasValue(CHUNKS);
        assertThat(node.placed).hasValue(CHUNKS);
    }

    private void fetch() {
        var count = new AtomicInteger();
        FetchOutcome outcome = client.fetch(keys, CHUNK_BYTES, (index, payload) -> {
                    assertThat(index).isEqualTo(count.getAndIncrement());
                    assertThat(payload).isEqualTo(ByteBuffer.wrap(bytes(keys.get(index))));
                    assertThat(node.placed.get() - index).isLessThanOrEqualTo(PASSING);
                })
                .outcome()
                .orTimeout(40, TimeUnit.SECONDS)
                .join();
        assertThat(outcome).isEqualTo(new FetchOutcome.Hit(CHUNKS));
    }

    private static byte[] bytes(BlockKey key) {
        byte[] bytes = new byte[CHUNK_BYTES];
        new Random(key.hashCode()).nextBytes(bytes);
        return bytes;
    }

    /** Has every block, and places all that it is asked for at once. */
    private static final class Node extends BlockStoreServiceGrpc.BlockStoreServiceImplBase {
        private final AtomicInteger placed = new AtomicInteger();
        private final AtomicInteger sent = new AtomicInteger();
        private volatile Path file = Path.of("");

        @Override
        public void get(GetRequest request, StreamObserver<GetResponse> responses) {
            boolean share = request.getSharedMemory().equals(file.toString());
            if (request.hasSharedMemory() && !share) {
                responses.onNext(GetResponse.newBuilder()
                        .setSharedMemory(SharedMemory.newBuilder().setFile(file.toString()))
                        .build());
            }
            for (ByteString name : request.getKeysList()) {
                BlockKey key = BlockKey.of(name);
                byte[] bytes = bytes(key);
                var header = BlockHeader.newBuilder()
                        .setKey(name)
                        .setSizeBytes(CHUNK_BYTES)
                        .setCrc32C(new BlockChecksum().of(key, ByteBuffer.wrap(bytes)));
                if (share) {
                    responses.onNext(GetResponse.newBuilder()
                            .setPlaced(PlacedBlock.newBuilder()
                                    .setHeader(header)
                                    .setPageBytes(CHUNK_BYTES)
                                    .addOffsets(place(bytes)))
                            .build());
                } else {
                    sent.incrementAndGet();
                    responses.onNext(GetResponse.newBuilder().setHeader(header).build());
                    responses.onNext(GetResponse.newBuilder()
                            .setData(ByteString.copyFrom(bytes))
                            .build());
                }
            }
            responses.onCompleted();
        }

        private synchronized long place(byte[] bytes) {
            long offset = (long) (placed.getAndIncrement() % PASSING) * CHUNK_BYTES;
            try (var memory = FileChannel.open(file, StandardOpenOption.WRITE)) {
                memory.write(ByteBuffer.wrap(bytes), offset);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return offset;
        }
    }
}
