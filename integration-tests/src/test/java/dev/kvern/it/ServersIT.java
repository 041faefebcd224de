package dev.kvern.it;

import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.launcher.JvmFlags;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every server offers beside its work: health, reflection, figures; and that work stops when nobody wants it. */
@Timeout(120)
class ServersIT {
    private static final int ENDLESS = 4_000;
    private static final long LIMIT_SECONDS = 30;

    private static final HttpClient HTTP = HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(LIMIT_SECONDS))
            .build();

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(directory, 1, 1);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {TestCluster.COORDINATOR, "node-a", "runner-a"})
    void healthSaysServing(String server) {
        var health = HealthGrpc.newBlockingStub(cluster.client(server).channel())
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .check(HealthCheckRequest.getDefaultInstance());
        assertThat(health.getStatus()).isEqualTo(ServingStatus.SERVING);
    }

    @ParameterizedTest
    @CsvSource({
        "coordinator, kvern.v1.GenerationService kvern.v1.ClusterService",
        "node-a, kvern.v1.BlockStoreService",
        "runner-a, kvern.v1.GenerationService"
    })
    void reflectionNamesTheServices(String server, String services) throws Exception {
        var answer = new CompletableFuture<ServerReflectionResponse>();
        StreamObserver<ServerReflectionRequest> questions = ServerReflectionGrpc.newStub(
                        cluster.client(server).channel())
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .serverReflectionInfo(new StreamObserver<>() {
                    @Override
                    public void onNext(ServerReflectionResponse response) {
                        answer.complete(response);
                    }

                    @Override
                    public void onError(Throwable failure) {
                        answer.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {}
                });
        questions.onNext(
                ServerReflectionRequest.newBuilder().setListServices("").build());
        assertThat(answer.get(LIMIT_SECONDS, TimeUnit.SECONDS)
                        .getListServicesResponse()
                        .getServiceList())
                .extracting(ServiceResponse::getName)
                .contains(services.split(" "))
                .contains("grpc.health.v1.Health");
        questions.onCompleted();
    }

    @Test
    void theCoordinatorSaysThatItLivesAndIsReady() throws Exception {
        assertThat(get("/healthz").body()).isEqualTo("ok\n");
        assertThat(get("/readyz").body()).isEqualTo("ready\n");
        assertThat(get("/nothing-here").statusCode()).isEqualTo(404);
    }

    @Test
    void whereTokensCameFromAddsUpToWhatWasRequested() throws Exception {
        for (int i = 0; i < 2; i++) {
            cluster.coordinator().generate(greedy(prompt(700, 300), 4));
        }
        cluster.awaitIdle("runner-a");
        String metrics = get("/metrics").body();
        double requested = sample(metrics, "kvern_prompt_tokens_requested_total");
        double local = sample(metrics, "kvern_prompt_tokens_total{source=\"local\"}");
        double sources = local
                + sample(metrics, "kvern_prompt_tokens_total{source=\"host\"}")
                + sample(metrics, "kvern_prompt_tokens_total{source=\"cluster\"}")
                + sample(metrics, "kvern_prompt_tokens_total{source=\"computed\"}");
        assertThat(requested).isGreaterThanOrEqualTo(600).isEqualTo(sources);
        assertThat(local).isGreaterThanOrEqualTo(256);
        assertThat(sample(metrics, "kvern_member_up{id=\"runner-a\",role=\"runner\"}"))
                .isEqualTo(1);
        assertThat(sample(metrics, "kvern_member_up{id=\"node-a\",role=\"node\"}"))
                .isEqualTo(1);
        assertThat(sample(metrics, "kvern_requests_total{outcome=\"length\"}")).isGreaterThanOrEqualTo(2);
    }

    @Test
    void figuresAddUpWhileTheyGrow() throws Exception {
        var calls = new ArrayList<Call>();
        for (int i = 0; i < 8; i++) {
            calls.add(cluster.coordinator().begin(greedy(prompt(710 + i, 500), 16)));
        }
        boolean allEnded;
        do {
            allEnded = calls.stream().allMatch(Call::hasEnded);
            String metrics = get("/metrics").body();
            assertThat(sample(metrics, "kvern_prompt_tokens_requested_total"))
                    .isEqualTo(sample(metrics, "kvern_prompt_tokens_total{source=\"local\"}")
                            + sample(metrics, "kvern_prompt_tokens_total{source=\"host\"}")
                            + sample(metrics, "kvern_prompt_tokens_total{source=\"cluster\"}")
                            + sample(metrics, "kvern_prompt_tokens_total{source=\"computed\"}"));
            var totals = cluster.coordinator().stats().getTotals();
            assertThat(totals.getRequestedTokens())
                    .isEqualTo(totals.getCachedLocalTokens()
                            + totals.getCachedHostTokens()
                            + totals.getCachedClusterTokens()
                            + totals.getComputedTokens());
        } while (!allEnded);
        calls.forEach(Call::result);
    }

    @Test
    void theDashboardHasItsFigures() throws Exception {
        cluster.coordinator().generate(greedy(prompt(701, 200), 4).setRequestId("seen-on-the-dashboard"));
        cluster.awaitIdle("runner-a");
        JsonNode state = json("/api/state");
        assertThat(state.path("members").findValuesAsText("id")).containsExactlyInAnyOrder("node-a", "runner-a");
        assertThat(state.path("members").findValuesAsText("state")).containsOnly("up");
        JsonNode request = state.path("requests").path(0);
        assertThat(request.path("request_id").asText()).isEqualTo("seen-on-the-dashboard");
        assertThat(request.path("runner").asText()).isEqualTo("runner-a");
        assertThat(request.path("prompt_tokens").asInt()).isEqualTo(200);
        JsonNode totals = state.path("totals");
        assertThat(totals.path("requested_tokens").asLong())
                .isEqualTo(totals.path("cached_local_tokens").asLong()
                        + totals.path("cached_host_tokens").asLong()
                        + totals.path("cached_cluster_tokens").asLong()
                        + totals.path("computed_tokens").asLong());
        assertThat(totals.path("tokens_saved").asLong())
                .isEqualTo(totals.path("requested_tokens").asLong()
                        - totals.path("computed_tokens").asLong());

        JsonNode points = Await.until(
                "a point of the history with tokens",
                LIMIT_SECONDS,
                () -> json("/api/history").path("points"),
                all -> all.findValues("requested").stream().anyMatch(n -> n.asLong() > 0));
        for (JsonNode point : points) {
            assertThat(point.path("requested").asLong())
                    .isEqualTo(point.path("local").asLong()
                            + point.path("host").asLong()
                            + point.path("cluster").asLong()
                            + point.path("computed").asLong());
        }
        HttpResponse<String> page = get("/");
        if (page.statusCode() != 404) {
            assertThat(page.body()).startsWithIgnoringCase("<!doctype html>");
            assertThat(page.headers().firstValue("Content-Security-Policy")).isPresent();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {TestCluster.COORDINATOR, "runner-a"})
    void aCancelledCallStopsItsWork(String server) {
        Call reading = cluster.client(server).begin(endless(800));
        reading.awaitFirstToken();
        cluster.awaitLoad("runner-a", "at work", m -> m.getRunner().getRunningRequests() == 1);
        reading.cancel();
        cluster.awaitIdle("runner-a");
        assertThat(reading.failure().getCode()).isEqualTo(Status.Code.CANCELLED);
    }

    @ParameterizedTest
    @ValueSource(strings = {TestCluster.COORDINATOR, "runner-a"})
    void aPassedDeadlineStopsItsWork(String server) {
        var call = new Call();
        GenerationServiceGrpc.newStub(cluster.client(server).channel())
                .withDeadlineAfter(700, TimeUnit.MILLISECONDS)
                .generate(endless(801), call);
        assertThat(call.failure().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        cluster.awaitIdle("runner-a");
    }

    @Test
    void theCommandLineShowsWhatTheServersSay() throws Exception {
        Prompt prompt = Requests.text("The tower opens at nine. ".repeat(12));
        TokenizeResponse named = cluster.coordinator().tokenize(prompt);
        String target = cluster.address(TestCluster.COORDINATOR, "grpc");

        JsonNode answer = new ObjectMapper()
                .readTree(command(
                        "generate", "--target", target, "--prompt", prompt.getText(), "--max-tokens", "5", "--json"));
        assertThat(answer.path("prompt_tokens").asInt()).isEqualTo(named.getTokenIdsCount());
        assertThat(answer.path("output_token_ids"))
                .hasSize(answer.path("completion_tokens").asInt());
        assertThat(answer.path("runner").asText()).isEqualTo("runner-a");

        assertThat(command("stats", "--target", target)).contains("runner-a", "node-a", "hit rate");

        // A namespace made from the model's files, away from any server, is the runner's.
        String keys = command("keys", "--model", Source.MODEL.toString(), "--prompt", prompt.getText());
        assertThat(keys)
                .contains("namespace "
                        + HexFormat.of().formatHex(named.getNamespace().toByteArray()))
                .contains(named.getBlockDigestsList().stream()
                        .map(digest -> HexFormat.of().formatHex(digest.toByteArray()))
                        .toList());
    }

    /** What a command prints; it must succeed. */
    private static String command(String... arguments) throws IOException, InterruptedException {
        var line = new ArrayList<String>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(JvmFlags.of(arguments[0].equals("keys") ? "runner" : "client"));
        line.addAll(List.of("-cp", Source.CLASS_PATH, "dev.kvern.launcher.Kvern"));
        line.addAll(List.of(arguments));
        Path errors = directory.resolve(arguments[0] + ".err");
        Process process =
                new ProcessBuilder(line).redirectError(errors.toFile()).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(Files.readString(errors)).isZero();
        return out;
    }

    private static GenerateRequest endless(long seed) {
        return greedy(prompt(seed, 50), ENDLESS).build();
    }

    private static HttpResponse<String> get(String path) throws IOException, InterruptedException {
        var uri = URI.create("http://" + cluster.address(TestCluster.COORDINATOR, "http") + path);
        return HTTP.send(
                HttpRequest.newBuilder(uri)
                        .timeout(Duration.ofSeconds(LIMIT_SECONDS))
                        .build(),
                BodyHandlers.ofString());
    }

    private static JsonNode json(String path) {
        try {
            HttpResponse<String> response = get(path);
            assertThat(response.statusCode()).isEqualTo(200);
            return new ObjectMapper().readTree(response.body());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(path, e);
        }
    }

    private static double sample(String metrics, String name) {
        var line = Pattern.compile("^" + Pattern.quote(name) + " (\\S+)$", Pattern.MULTILINE)
                .matcher(metrics);
        assertThat(line.find()).as("%s among %s", name, metrics).isTrue();
        return Double.parseDouble(line.group(1));
    }
}
