package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.launcher.GenerationResult;
import dev.kvern.telemetry.RequestId;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.Prompt;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A request is followed through all processes: by its id in their logs, and by its trace. */
class TelemetryIT {
    private static final int CHUNKS = 5;
    private static final int PROMPT_TOKENS = CHUNKS * TestCluster.CHUNK_TOKENS + 10;
    private static final long LIMIT_SECONDS = 60;
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private static Path directory;

    @SuppressWarnings("NullAway.Init")
    private static OtlpReceiver receiver;

    @SuppressWarnings("NullAway.Init")
    private static TestCluster cluster;

    @BeforeAll
    static void start() throws IOException {
        receiver = OtlpReceiver.start();
        String telemetry = "telemetry.otlp_endpoint=" + receiver.address();
        var runner = new ArrayList<>(TestCluster.PATIENT_RUNNER);
        runner.add(telemetry);
        var node = new ArrayList<>(TestCluster.PATIENT_NODE);
        node.add(telemetry);
        cluster = TestCluster.start(
                directory,
                List.of(telemetry),
                List.of(node),
                List.of(runner, runner),
                Map.of("KVERN_LOG_FORMAT", "json", "KVERN_LOG", "debug"));
    }

    @AfterAll
    static void stop() {
        cluster.close();
        receiver.close();
    }

    private static GenerateRequest request(String id, String runner, Prompt prompt) {
        return Requests.greedy(prompt, 4).setRequestId(id).setRunnerId(runner).build();
    }

    /** Computes a prompt on one runner and lets the other fetch it. */
    private static void fetched(String id, long seed) {
        Prompt prompt = Requests.prompt(seed, PROMPT_TOKENS);
        cluster.coordinator().generate(request(id + "-first", "runner-a", prompt));
        cluster.awaitIdle("runner-a");
        assertThat(cluster.storedChunks(prompt)).isEqualTo(CHUNKS);
        GenerationResult result = cluster.coordinator().generate(request(id, "runner-b", prompt));
        assertThat(result.usage().getCachedClusterTokens()).isEqualTo(CHUNKS * TestCluster.CHUNK_TOKENS);
    }

    private static List<OtlpReceiver.Span> awaitTrace(String requestId, Predicate<List<OtlpReceiver.Span>> complete) {
        return Await.until(
                "the trace of " + requestId,
                LIMIT_SECONDS,
                () -> receiver.spans().stream()
                        .filter(span -> traceOf(requestId).contains(span.of().getTraceId()))
                        .toList(),
                complete);
    }

    private static List<com.google.protobuf.ByteString> traceOf(String requestId) {
        return receiver.spans().stream()
                .filter(span -> span.attribute("kvern.request_id").equals(requestId)
                        && span.name().endsWith("/Generate"))
                .map(span -> span.of().getTraceId())
                .toList();
    }

    private static boolean has(List<OtlpReceiver.Span> spans, String service, String name, boolean server) {
        return spans.stream().anyMatch(span -> is(span, service, name, server));
    }

    private static boolean is(OtlpReceiver.Span span, String service, String name, boolean server) {
        return span.service().equals(service)
                && span.name().equals(name)
                && (span.of().getKindValue() == 2) == server;
    }

    private static OtlpReceiver.Span only(List<OtlpReceiver.Span> spans, String service, String name, boolean server) {
        return spans.stream()
                .filter(span -> is(span, service, name, server))
                .reduce((one, other) -> {
                    throw new AssertionError("two spans " + name + " of " + service);
                })
                .orElseThrow(() -> new AssertionError("no span " + name + " of " + service + " in "
                        + spans.stream().map(OtlpReceiver.Span::name).toList()));
    }

    @Test
    void oneTraceLeadsFromTheFrontDoorToTheNodeAndBack() {
        fetched("traced", 1);
        String generate = "kvern.v1.GenerationService/Generate";
        String get = "kvern.v1.BlockStoreService/Get";
        List<OtlpReceiver.Span> spans = awaitTrace(
                "traced",
                // What ends last, of each process; the front door's call to the runner ends beside what it waits for.
                all -> has(all, "kvern-coordinator", generate, true)
                        && has(all, "kvern-coordinator", generate, false)
                        && has(all, "kvern-runner", generate, true)
                        && has(all, "kvern-runner", "kvern.decode", false)
                        && has(all, "kvern-runner", get, false)
                        && has(all, "kvern-node", get, true));
        OtlpReceiver.Span front = only(spans, "kvern-coordinator", generate, true);
        OtlpReceiver.Span attempt = only(spans, "kvern-coordinator", generate, false);
        OtlpReceiver.Span runner = only(spans, "kvern-runner", generate, true);
        OtlpReceiver.Span fetch = only(spans, "kvern-runner", "kvern.fetch", false);
        OtlpReceiver.Span asked = only(spans, "kvern-runner", get, false);
        OtlpReceiver.Span node = only(spans, "kvern-node", get, true);
        assertThat(front.of().getParentSpanId().isEmpty()).isTrue();
        assertThat(attempt.isChildOf(front)).isTrue();
        assertThat(runner.isChildOf(attempt)).isTrue();
        assertThat(fetch.isChildOf(runner)).isTrue();
        assertThat(asked.isChildOf(fetch)).isTrue();
        assertThat(node.isChildOf(asked)).isTrue();
        for (String step : List.of("kvern.queue", "kvern.prefill", "kvern.decode")) {
            OtlpReceiver.Span span = only(spans, "kvern-runner", step, false);
            assertThat(span.isChildOf(runner)).as(step).isTrue();
            assertThat(span.of().getEndTimeUnixNano())
                    .isGreaterThanOrEqualTo(span.of().getStartTimeUnixNano());
        }
        assertThat(runner.instance()).isEqualTo("runner-b");
        assertThat(node.instance()).isEqualTo("node-a");
        assertThat(List.of(front, runner, node))
                .allSatisfy(
                        span -> assertThat(span.attribute("kvern.request_id")).isEqualTo("traced"));
        assertThat(fetch.attribute("kvern.chunks")).isEqualTo(String.valueOf(CHUNKS));
        assertThat(fetch.attribute("kvern.outcome")).isEqualTo("hit");
        assertThat(node.attribute("kvern.keys")).isEqualTo(String.valueOf(CHUNKS));
        assertThat(node.attribute("kvern.hits")).isEqualTo(String.valueOf(CHUNKS));
        assertThat(front.attribute("gen_ai.usage.input_tokens")).isEqualTo(String.valueOf(PROMPT_TOKENS));
        assertThat(front.attribute("gen_ai.usage.output_tokens")).isEqualTo("4");
        assertThat(front.attribute("kvern.runner")).isEqualTo("runner-b");
        assertThat(runner.attribute("gen_ai.response.finish_reasons")).isEqualTo("[length]");
        OtlpReceiver.Span prefill = only(spans, "kvern-runner", "kvern.prefill", false);
        assertThat(prefill.attribute("kvern.computed_tokens")).isEqualTo("10");
    }

    @Test
    void storingIsLinkedToWhatCausedIt() {
        fetched("stored", 2);
        List<OtlpReceiver.Span> cause = awaitTrace("stored-first", all -> !all.isEmpty());
        OtlpReceiver.Span offload = Await.until(
                        "an offload",
                        LIMIT_SECONDS,
                        () -> receiver.spans().stream()
                                .filter(span -> span.name().equals("kvern.offload")
                                        && span.of().getLinksList().stream()
                                                .anyMatch(link -> link.getTraceId()
                                                        .equals(cause.get(0)
                                                                .of()
                                                                .getTraceId())))
                                .toList(),
                        found -> !found.isEmpty())
                .get(0);
        assertThat(offload.of().getParentSpanId().isEmpty()).isTrue();
        assertThat(offload.of().getTraceId()).isNotEqualTo(cause.get(0).of().getTraceId());
        Await.until(
                "the node's part of it",
                LIMIT_SECONDS,
                receiver::spans,
                all -> all.stream()
                        .anyMatch(span -> span.service().equals("kvern-node")
                                && span.name().endsWith("/Put")
                                && span.of().getTraceId().equals(offload.of().getTraceId())));
    }

    @Test
    void aChoiceOfRunnersIsPartOfTheTrace() {
        cluster.coordinator()
                .generate(Requests.greedy(Requests.prompt(3, 100), 1).setRequestId("chosen"));
        List<OtlpReceiver.Span> spans = awaitTrace(
                "chosen",
                all -> all.stream().anyMatch(s -> s.of().getParentSpanId().isEmpty())
                        && all.stream().anyMatch(s -> s.name().equals("kvern.route")));
        OtlpReceiver.Span front = only(spans, "kvern-coordinator", "kvern.v1.GenerationService/Generate", true);
        OtlpReceiver.Span route = only(spans, "kvern-coordinator", "kvern.route", false);
        OtlpReceiver.Span tokenize = only(spans, "kvern-coordinator", "kvern.v1.GenerationService/Tokenize", false);
        assertThat(route.isChildOf(front)).isTrue();
        assertThat(tokenize.isChildOf(front)).isTrue();
        assertThat(route.attribute("kvern.candidates")).contains("runner-a", "runner-b");
        assertThat(route.attribute("kvern.prompt_tokens")).isEqualTo("100");
        assertThat(route.attribute("kvern.runner")).isEqualTo(front.attribute("kvern.runner"));
    }

    @Test
    void oneIdIsInTheLogsOfAllThatWorkedOnTheRequest() {
        fetched("logged", 4);
        for (String process : List.of(TestCluster.COORDINATOR, "runner-b", "node-a")) {
            JsonNode line = awaitLine(process, "logged");
            assertThat(line.get("message").textValue()).contains("kvern.v1.");
            assertThat(line.get("trace_id").textValue()).hasSize(32);
        }
        awaitLine("node-a", "logged-first");
    }

    private static JsonNode awaitLine(String process, String requestId) {
        return Await.until(
                        "a line about " + requestId + " in the log of " + process,
                        LIMIT_SECONDS,
                        () -> lines(process).stream()
                                .filter(line -> line.path("request_id").asText().equals(requestId))
                                .toList(),
                        found -> !found.isEmpty())
                .get(0);
    }

    /** What a process has logged; all that it prints is that, or the configuration and the ready line. */
    private static List<JsonNode> lines(String process) {
        return printed(process)
                .lines()
                .filter(line -> line.startsWith("{"))
                .map(line -> {
                    try {
                        return JSON.readTree(line);
                    } catch (IOException e) {
                        throw new UncheckedIOException(line, e);
                    }
                })
                .toList();
    }

    /** What a process has printed, without the line that it may be printing. */
    private static String printed(String process) {
        String all = cluster.process(process).output();
        return all.substring(0, all.lastIndexOf('\n') + 1);
    }

    @Test
    void logsAreJsonOnRequest() {
        for (String process : List.of(TestCluster.COORDINATOR, "runner-a", "node-a")) {
            assertThat(printed(process).lines())
                    .as("what is neither configuration nor the ready line")
                    .filteredOn(line -> !line.startsWith("  ")
                            && !line.startsWith("effective configuration:")
                            && !line.startsWith("ready "))
                    .isNotEmpty()
                    .allMatch(line -> line.startsWith("{") && line.endsWith("}"));
            for (JsonNode line : lines(process)) {
                Instant at = Instant.parse(line.get("timestamp").textValue());
                assertThat(Duration.between(at, Instant.now())).isBetween(Duration.ZERO, Duration.ofHours(1));
                assertThat(line.get("role").textValue()).isEqualTo(process.split("-")[0]);
                assertThat(line.get("level").textValue()).isIn("ERROR", "WARN", "INFO", "DEBUG");
                assertThat(line.get("logger").textValue()).contains(".");
                assertThat(line.get("thread").textValue()).isNotEmpty();
                assertThat(line.get("message").textValue()).isNotNull();
            }
        }
        assertThat(lines("runner-a").get(0).get("id").textValue()).isEqualTo("runner-a");
    }

    @Test
    void anErrorSaysWhichRequestItWasAbout() {
        for (String server : List.of(TestCluster.COORDINATOR, "runner-a")) {
            var failure = catchThrowableOfType(
                    StatusRuntimeException.class,
                    () -> GenerationServiceGrpc.newBlockingStub(
                                    cluster.client(server).channel())
                            .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                            .generate(Requests.greedy(Requests.prompt(5, 10), 1)
                                    .setRequestId("wrong-" + server)
                                    .setModel("no-such-model")
                                    .build())
                            .next());
            Metadata trailers = failure.getTrailers();
            assertThat(trailers == null ? null : trailers.get(RequestId.HEADER)).isEqualTo("wrong-" + server);
        }
    }
}
