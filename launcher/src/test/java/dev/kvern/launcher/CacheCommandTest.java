package dev.kvern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import dev.kvern.block.BlockKey;
import dev.kvern.block.TenantId;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.v1.BlockPlace;
import dev.kvern.v1.CacheAdminServiceGrpc;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.DeleteBlocksRequest;
import dev.kvern.v1.DeleteBlocksResponse;
import dev.kvern.v1.DrainRequest;
import dev.kvern.v1.DrainResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.GetClusterStatsRequest;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.ListModelsRequest;
import dev.kvern.v1.ListModelsResponse;
import dev.kvern.v1.LookupRequest;
import dev.kvern.v1.LookupResponse;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.Model;
import dev.kvern.v1.NodeDeletion;
import dev.kvern.v1.NodeRebalance;
import dev.kvern.v1.RebalanceStatusRequest;
import dev.kvern.v1.RebalanceStatusResponse;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the commands ask and print, of a server that is coordinator, runner and node and says what it is told to. */
class CacheCommandTest {
    private static final ByteString DIGEST = ByteString.copyFrom(new byte[32]);
    private static final String ZEROS = "0".repeat(64);

    private final List<Object> asked = Collections.synchronizedList(new ArrayList<>());
    private DrainResponse drained = DrainResponse.newBuilder()
            .setNodeId("node-1")
            .setDrained(true)
            .setBlocks(1_200)
            .setOnlyCopies(7)
            .setTookMillis(2_500)
            .build();
    private final GrpcServer server =
            GrpcServer.start("127.0.0.1", 0, Runnable::run, List.of(new Cluster(), new Generation(), new Admin()));
    private final String target = "127.0.0.1:" + server.port();

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void lookupAsksForEachChunkAndShowsWhereItIs() throws Exception {
        CommandRun run = run("lookup", "--tokens", "1,2,3", "--cache-salt", "s");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(asked).as("asked").hasSize(2);
        assertThat(((TokenizeRequest) asked.get(0)).getCacheSalt()).isEqualTo("s");
        // Five blocks of 4 tokens are two chunks of 8, named by their last blocks.
        assertThat(((LookupRequest) asked.get(1)).getKeysList()).hasSize(2);
        assertThat(run.out())
                .contains("0-7", "8-15", "yes  node-1  node-1 node-2")
                .contains("21 tokens, 2 blocks of 8; 1 stored, the first 1 of them (8 tokens) in a row");

        JsonNode json = json(run("lookup", "--tokens", "1,2,3", "--json"));
        assertThat(json.get("stored").asInt()).isEqualTo(1);
        assertThat(json.get("places").get(0).get("holders")).hasSize(2);
        assertThat(json.get("places").get(1).get("stored").asBoolean()).isFalse();
    }

    @Test
    void deleteSendsLabelsAndNeverTheSalt() throws Exception {
        CommandRun run = run("delete", "--tenant", "alice", "--model", "demo");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out().strip()).isEqualTo("5 blocks deleted: node-1 3, node-2 2");
        var request = (DeleteBlocksRequest) asked.get(0);
        assertThat(request.getLabelled().getTenant())
                .isEqualTo(TenantId.ofSalt("alice").toByteString());
        assertThat(request.getLabelled().getModel()).isEqualTo(DIGEST);
        assertThat(json(run("delete", "--key", ZEROS, "--json"))
                        .get("nodes")
                        .get("node-2")
                        .asInt())
                .isEqualTo(2);
        assertThat(((DeleteBlocksRequest) asked.get(1)).getKeys().getKeys(0))
                .isEqualTo(BlockKey.parse(ZEROS).toByteString());
    }

    @Test
    void drainSaysWhatHappened() {
        CommandRun done = run("drain", "node-1", "--deadline", "9");
        assertThat(done.exitCode()).as(done.err()).isZero();
        assertThat(done.out()).contains("node-1 drained in 2.5 s and ends: it held 1,200 blocks, 7 of them without");
        assertThat(((DrainRequest) asked.get(0)).getDeadlineMillis()).isEqualTo(9_000);

        drained = drained.toBuilder()
                .setDrained(false)
                .setOnlyCopiesLeft(3)
                .setBlocksWithoutRoom(40)
                .build();
        CommandRun late = CommandRun.of("cache", "drain", "--node", target);
        assertThat(late.exitCode()).isEqualTo(Kvern.FAILED);
        assertThat(late.out()).contains("it stays: 3 of its 1,200 blocks have no other copy yet", "about 40 blocks");
    }

    @Test
    void rebalanceShowsWhatIsKnown() throws Exception {
        CommandRun run = run("rebalance");
        assertThat(run.out())
                .contains("node-1", "moving: 12 partitions lack a copy, the fewest whole copies of one are 1");
        JsonNode nodes = json(run("rebalance", "--json")).get("nodes");
        assertThat(nodes.get(0).get("blocks_left").asLong()).isEqualTo(90);
        assertThat(nodes.get(1).get("blocks_left").isNull()).isTrue();
        assertThat(nodes.get(1).get("error").asText()).isEqualTo("it is starting");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "delete|--key, --model, --tenant: none (expected: either --key",
                "delete --key 00 --tenant a|both keys and labels",
                "delete --key 00|--key: '00' (expected: 64 hexadecimal digits)",
                "delete --model gpt-9|--model: 'gpt-9' (expected: one of [demo], or a digest",
                "delete --tenant a --timeout 0|--timeout: 0 (expected: at least 1)",
                "clear|--yes: absent (expected: --yes",
                "drain|NODE: absent (expected: a node's id",
                "drain node-9|NODE: 'node-9' (expected: one of [node-1])",
                "drain node-1 --deadline 0|--deadline: 0 (expected: 1 to 86400)",
                "drain node-1 --node 127.0.0.1:1|NODE: 'node-1' beside --node",
                "rebalance --node nowhere|--node: 'nowhere' (expected: HOST:PORT)"
            })
    void whatCannotBeIsSaidByName(String arguments, String message) {
        CommandRun run = run(arguments.split(" "));
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(message);
        assertThat(asked).isEmpty();
    }

    private CommandRun run(String... arguments) {
        var all = new ArrayList<>(List.of("cache"));
        all.addAll(Arrays.asList(arguments));
        all.addAll(2, List.of("--target", target));
        return CommandRun.of(all.toArray(String[]::new));
    }

    private static JsonNode json(CommandRun run) throws Exception {
        assertThat(run.exitCode()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out());
    }

    private static <T> void answer(StreamObserver<T> responses, T value) {
        responses.onNext(value);
        responses.onCompleted();
    }

    private final class Cluster extends ClusterServiceGrpc.ClusterServiceImplBase {
        @Override
        public void getClusterStats(GetClusterStatsRequest request, StreamObserver<GetClusterStatsResponse> responses) {
            answer(
                    responses,
                    GetClusterStatsResponse.newBuilder()
                            .addMembers(MemberStats.newBuilder()
                                    .setMember(Member.newBuilder()
                                            .setId("node-1")
                                            .setRole(MemberRole.MEMBER_ROLE_NODE)
                                            .setState(MemberState.MEMBER_STATE_UP)
                                            .setAddress(target)))
                            .build());
        }
    }

    private final class Generation extends GenerationServiceGrpc.GenerationServiceImplBase {
        @Override
        public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> responses) {
            asked.add(request);
            var response = TokenizeResponse.newBuilder()
                    .setNamespace(DIGEST)
                    .setBlockTokens(4)
                    .setChunkTokens(8);
            for (int i = 0; i < 21; i++) {
                response.addTokenIds(i);
            }
            response.addAllBlockDigests(Collections.nCopies(5, DIGEST));
            answer(responses, response.build());
        }

        @Override
        public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
            answer(
                    responses,
                    ListModelsResponse.newBuilder()
                            .addModels(Model.newBuilder().setName("demo").setContentDigest(DIGEST))
                            .build());
        }
    }

    private final class Admin extends CacheAdminServiceGrpc.CacheAdminServiceImplBase {
        @Override
        public void lookup(LookupRequest request, StreamObserver<LookupResponse> responses) {
            asked.add(request);
            answer(
                    responses,
                    LookupResponse.newBuilder()
                            .setMatched(1)
                            .addPlaces(BlockPlace.newBuilder()
                                    .setStored(true)
                                    .setPrimaryNodeId("node-1")
                                    .addHolderNodeIds("node-1")
                                    .addHolderNodeIds("node-2"))
                            .addPlaces(BlockPlace.newBuilder().setPrimaryNodeId("node-2"))
                            .build());
        }

        @Override
        public void deleteBlocks(DeleteBlocksRequest request, StreamObserver<DeleteBlocksResponse> responses) {
            asked.add(request);
            answer(
                    responses,
                    DeleteBlocksResponse.newBuilder()
                            .setDeleted(5)
                            .addNodes(NodeDeletion.newBuilder()
                                    .setNodeId("node-1")
                                    .setDeleted(3))
                            .addNodes(NodeDeletion.newBuilder()
                                    .setNodeId("node-2")
                                    .setDeleted(2))
                            .build());
        }

        @Override
        public void drain(DrainRequest request, StreamObserver<DrainResponse> responses) {
            asked.add(request);
            answer(responses, drained);
        }

        @Override
        public void rebalanceStatus(RebalanceStatusRequest request, StreamObserver<RebalanceStatusResponse> responses) {
            answer(
                    responses,
                    RebalanceStatusResponse.newBuilder()
                            .setMovingPartitions(12)
                            .setFewestCopies(1)
                            .addNodes(NodeRebalance.newBuilder()
                                    .setNodeId("node-1")
                                    .setOwningPartitions(200)
                                    .setBlocksLeft(90))
                            .addNodes(NodeRebalance.newBuilder()
                                    .setNodeId("node-2")
                                    .setError("it is starting"))
                            .build());
        }
    }
}
