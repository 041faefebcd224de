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
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Fetches from a node whose memory can be read, which here is a file that the test writes. */
class SharedBlocksTest {
    private static final int PAGE = 400;
    private static final int CHUNK_BYTES = 1_000;
    private static final String LOCAL = "unix:///node.sock";

    /** In what way a place is wrong. */
    private enum Wrong {
        OTHER_BLOCK,
        ONE_BIT,
        BEYOND_THE_FILE,
        NEGATIVE,
        TOO_FEW_PAGES,
        NO_PAGE_SIZE
    }

    @TempDir
    private Path directory;

    private final String name = UUID.randomUUID().toString();
    private final Node node = new Node();
    private final BlockKey key = BlockKey.wrap(new byte[32]);
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private final BlockStoreClient client = new BlockStoreClient(
            // No call is to end because this machine is busy.
            new TierOptions(40_000, 40_000, 40_000, 256 << 10, 2, 1_000),
            address -> InProcessChannelBuilder.forName(name).build(),
            System::nanoTime);
    private Server server;

    @BeforeEach
    void start() throws IOException {
        new Random(1).nextBytes(chunk);
        server = InProcessServerBuilder.forName(name).addService(node).build().start();
        node.file = directory.resolve("memory");
        // The second page first, the last one short.
        var memory = ByteBuffer.allocate(4 * PAGE);
        memory.put(PAGE, chunk, 0, PAGE)
                .put(0, chunk, PAGE, PAGE)
                .put(2 * PAGE, chunk, 2 * PAGE, CHUNK_BYTES - 2 * PAGE);
        Files.write(node.file, memory.array());
        client.setNodes(List.of(LOCAL));
    }

    @AfterEach
    void stop() {
        client.close();
        server.shutdownNow();
    }

    @Test
    void copiesWhereTheNodeSaysOnceItKnowsTheFile() {
        assertThat(fetched()).isEqualTo(chunk);
        assertThat(fetched()).isEqualTo(chunk);
        assertThat(node.asked).containsExactly("", node.file.toString());
        assertThat(node.placed).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource
    void asksForTheBytesIfTheyAreNotThere(Wrong wrong) throws IOException {
        fetched();
        byte[] memory = Files.readAllBytes(node.file);
        switch (wrong) {
            case OTHER_BLOCK -> new Random(2).nextBytes(memory);
            case ONE_BIT -> memory[PAGE + 7] ^= 1;
            case BEYOND_THE_FILE -> node.offsets = List.of(400L, 0L, 4L * PAGE - 1);
            case NEGATIVE -> node.offsets = List.of(400L, -1L, 800L);
            case TOO_FEW_PAGES -> node.offsets = List.of(400L, 0L);
            case NO_PAGE_SIZE -> node.pageBytes = 0;
        }
        Files.write(node.file, memory);
        assertThat(fetched()).isEqualTo(chunk);
        assertThat(node.asked).containsExactly("", node.file.toString(), Node.BYTES);
        // And it is not the node's fault.
        assertThat(client.counters().fetchFailures()).isZero();
        assertThat(fetched()).isEqualTo(chunk);
    }

    @Test
    void aFileThatCannotBeReadIsNotAskedForAgain() throws IOException {
        Files.delete(node.file);
        assertThat(fetched()).isEqualTo(chunk);
        assertThat(fetched()).isEqualTo(chunk);
        assertThat(node.asked).containsExactly("", Node.BYTES);
    }

    @Test
    void memoryThatCannotBeReadHasNoBytes() {
        var shared = new SharedBlocks(true);
        assertThat(shared.bytes()).isZero();
        shared.offered(node.file.toString());
        assertThat(shared.bytes()).isEqualTo(4 * PAGE);
        shared.offered(directory.resolve("none").toString());
        assertThat(shared.file()).isEmpty();
        assertThat(shared.bytes()).isZero();
    }

    @Test
    void aNewFileAfterTheNodesNextStartIsTakenOver() throws IOException {
        fetched();
        node.file = Files.copy(node.file, directory.resolve("next"));
        assertThat(fetched()).isEqualTo(chunk);
        assertThat(fetched()).isEqualTo(chunk);
        assertThat(node.asked).containsExactly("", directory.resolve("memory").toString(), node.file.toString());
        assertThat(node.placed).isEqualTo(1);
    }

    @Test
    void aNodeOnAnotherMachineIsNotAsked() {
        client.setNodes(List.of("host:7410"));
        assertThat(fetched()).isEqualTo(chunk);
        assertThat(node.asked).containsExactly(Node.BYTES);
    }

    private byte[] fetched() {
        var arrived = new ArrayList<byte[]>();
        FetchOutcome outcome = client.fetch(List.of(key), CHUNK_BYTES, (index, payload) -> {
                    byte[] bytes = new byte[payload.remaining()];
                    payload.get(bytes);
                    arrived.add(bytes);
                })
                .outcome()
                .join();
        assertThat(outcome).isEqualTo(new FetchOutcome.Hit(1));
        assertThat(arrived).hasSize(1);
        assertThat(client.lentBuffers()).isZero();
        return arrived.get(0);
    }

    /** A node with one block. */
    private final class Node extends BlockStoreServiceGrpc.BlockStoreServiceImplBase {
        private static final String BYTES = "(bytes)";

        /** What requests said of shared memory. */
        private final List<String> asked = new CopyOnWriteArrayList<>();

        private volatile Path file = Path.of("");
        private volatile List<Long> offsets = List.of(400L, 0L, 800L);
        private volatile int pageBytes = PAGE;
        private volatile int placed;

        @Override
        public void get(GetRequest request, StreamObserver<GetResponse> responses) {
            String known = request.hasSharedMemory() ? request.getSharedMemory() : BYTES;
            asked.add(known);
            var header = BlockHeader.newBuilder()
                    .setKey(request.getKeys(0))
                    .setSizeBytes(CHUNK_BYTES)
                    .setCrc32C(new BlockChecksum().of(key, ByteBuffer.wrap(chunk)));
            if (known.equals(file.toString())) {
                placed++;
                responses.onNext(GetResponse.newBuilder()
                        .setPlaced(PlacedBlock.newBuilder()
                                .setHeader(header)
                                .setPageBytes(pageBytes)
                                .addAllOffsets(offsets))
                        .build());
            } else {
                if (!known.equals(BYTES)) {
                    responses.onNext(GetResponse.newBuilder()
                            .setSharedMemory(SharedMemory.newBuilder().setFile(file.toString()))
                            .build());
                }
                responses.onNext(GetResponse.newBuilder().setHeader(header).build());
                responses.onNext(GetResponse.newBuilder()
                        .setData(ByteString.copyFrom(chunk))
                        .build());
            }
            responses.onCompleted();
        }
    }
}
