package dev.kvern.telemetry;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.config.ConfigException;
import dev.kvern.config.ConfigLoader;
import dev.kvern.config.Problems;
import dev.kvern.config.Validated;
import dev.kvern.rpc.GrpcChannels;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TelemetryTest {
    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();

    /** Servers here wait for others. */
    private final ExecutorService threads = Executors.newFixedThreadPool(4);

    /** Generates by asking another server, if there is one, and fails there. */
    private record Relay(Telemetry telemetry, int next) implements io.grpc.BindableService {
        @Override
        public io.grpc.ServerServiceDefinition bindService() {
            return new GenerationServiceGrpc.GenerationServiceImplBase() {
                @Override
                public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
                    RequestId.settle(request.getRequestId());
                    if (next == 0) {
                        responses.onError(
                                Status.UNAVAILABLE.withDescription("gone").asRuntimeException());
                        return;
                    }
                    Span work = telemetry.begin("work", Context.current());
                    try {
                        RequestScope.run(
                                Telemetry.within(Context.current(), work), () -> call(next, telemetry, request));
                    } catch (StatusRuntimeException e) {
                        responses.onNext(GenerateResponse.getDefaultInstance());
                    }
                    work.end();
                    responses.onCompleted();
                }
            }.bindService();
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        threads.shutdownNow();
        assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }

    private static void call(int port, Telemetry telemetry, GenerateRequest request) {
        ManagedChannel channel = GrpcChannels.open("127.0.0.1:" + port, telemetry.clientInterceptors());
        try {
            GenerationServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(20, TimeUnit.SECONDS)
                    .generate(request)
                    .forEachRemaining(response -> {});
        } finally {
            channel.shutdownNow();
        }
    }

    private GrpcServer serve(Telemetry telemetry, int next) {
        return GrpcServer.start("127.0.0.1", 0, threads, List.of(new Relay(telemetry, next)), telemetry);
    }

    @Test
    void aTraceGoesThroughServersAndWhatTheyDo() {
        var telemetry = Telemetry.start(exporter, 1, "test", "t-1");
        List<SpanData> spans;
        // What an exporter holds is gone once it is shut down.
        try (GrpcServer last = serve(telemetry, 0);
                GrpcServer first = serve(telemetry, last.port())) {
            call(
                    first.port(),
                    telemetry,
                    GenerateRequest.newBuilder().setRequestId("r-1").build());
            spans = awaitSpans(4);
        }
        telemetry.close();
        assertThat(spans)
                .extracting(SpanData::getTraceId)
                .containsOnly(spans.get(0).getTraceId());
        Map<String, SpanData> byId = spans.stream().collect(Collectors.toMap(SpanData::getSpanId, Function.identity()));
        SpanData inner = spans.stream()
                .filter(s -> s.getKind() == SpanKind.SERVER
                        && s.getParentSpanContext().isValid())
                .findFirst()
                .orElseThrow();
        SpanData client = requireNonNull(byId.get(inner.getParentSpanId()));
        SpanData work = requireNonNull(byId.get(client.getParentSpanId()));
        SpanData outer = requireNonNull(byId.get(work.getParentSpanId()));
        assertThat(client.getKind()).isEqualTo(SpanKind.CLIENT);
        assertThat(work.getName()).isEqualTo("work");
        assertThat(outer.getKind()).isEqualTo(SpanKind.SERVER);
        assertThat(outer.getName()).isEqualTo("kvern.v1.GenerationService/Generate");
        assertThat(outer.getParentSpanContext().isValid()).isFalse();
        assertThat(outer.getResource().getAttribute(AttributeKey.stringKey("service.name")))
                .isEqualTo("kvern-test");
        for (SpanData server : List.of(inner, outer)) {
            assertThat(server.getAttributes().get(SpanAttributes.REQUEST_ID)).isEqualTo("r-1");
        }
        AttributeKey<Long> code = AttributeKey.longKey("rpc.grpc.status_code");
        assertThat(inner.getAttributes().get(code)).isEqualTo(14);
        assertThat(inner.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(outer.getAttributes().get(code)).isEqualTo(0);
        assertThat(outer.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    }

    private List<SpanData> awaitSpans(int count) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (exporter.getFinishedSpanItems().size() < count && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(exporter.getFinishedSpanItems()).hasSize(count);
        return exporter.getFinishedSpanItems();
    }

    @Test
    void onlyRequestsBeginATrace() {
        var telemetry = Telemetry.start(exporter, 1, "test", "t-1");
        try (GrpcServer server = serve(telemetry, 0)) {
            ManagedChannel channel = GrpcChannels.open("127.0.0.1:" + server.port(), telemetry.clientInterceptors());
            HealthGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(20, TimeUnit.SECONDS)
                    .check(HealthCheckRequest.getDefaultInstance());
            channel.shutdownNow();
            var failed = catchThrowableOfType(
                    StatusRuntimeException.class,
                    () -> call(server.port(), telemetry, GenerateRequest.getDefaultInstance()));
            assertThat(failed.getStatus().getDescription()).isEqualTo("gone");
            assertThat(awaitSpans(1))
                    .extracting(SpanData::getName)
                    .containsExactly("kvern.v1.GenerationService/Generate");
        } finally {
            telemetry.close();
        }
    }

    @Test
    void whatIsOverIsNotedWithItsTimesAndWhatWasOnlyCausedIsLinked() {
        var telemetry = Telemetry.start(exporter, 1, "test", "t-1");
        Span request = telemetry.begin("request", Context.ROOT);
        Context context = Telemetry.within(Context.ROOT, request);
        long now = System.nanoTime();
        long wallMillis = System.currentTimeMillis();
        telemetry.record("past", context, now - 5_000_000, now - 2_000_000, Attributes.empty());
        telemetry.beginLinked("later", context).end();
        request.end();
        Map<String, SpanData> spans =
                awaitSpans(3).stream().collect(Collectors.toMap(SpanData::getName, Function.identity()));
        telemetry.close();
        SpanData past = requireNonNull(spans.get("past"));
        assertThat(past.getEndEpochNanos() - past.getStartEpochNanos()).isEqualTo(3_000_000);
        assertThat(past.getParentSpanId()).isEqualTo(request.getSpanContext().getSpanId());
        assertThat(Math.abs(TimeUnit.NANOSECONDS.toMillis(past.getEndEpochNanos()) - wallMillis))
                .isLessThan(20_000);
        SpanData later = requireNonNull(spans.get("later"));
        assertThat(later.getTraceId()).isNotEqualTo(past.getTraceId());
        assertThat(later.getLinks())
                .singleElement()
                .satisfies(link -> assertThat(link.getSpanContext().getSpanId())
                        .isEqualTo(request.getSpanContext().getSpanId()));
    }

    @Test
    void offIsOff() {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        var telemetry = Telemetry.start(new TelemetryConfig("", 1), "test", "t-1");
        assertThat(telemetry.on()).isFalse();
        assertThat(telemetry).isSameAs(Telemetry.off());
        assertThat(telemetry.serverInterceptors()).hasExactlyElementsOfTypes(RequestIdServer.class);
        assertThat(telemetry.clientInterceptors()).hasExactlyElementsOfTypes(RequestIdClient.class);
        Span none = telemetry.begin("nothing", Context.ROOT);
        assertThat(none).isSameAs(Span.getInvalid());
        assertThat(telemetry.beginLinked("nothing", Telemetry.within(Context.ROOT, none)))
                .isSameAs(Span.getInvalid());
        telemetry.close();
        assertThat(Thread.getAllStackTraces().keySet())
                .filteredOn(thread -> !before.contains(thread))
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("BatchSpanProcessor"));
    }

    @Test
    void ofARequestThatIsNotFollowedNothingIsMade() {
        var telemetry = Telemetry.start(exporter, 0, "test", "t-1");
        Span request = telemetry.begin("request", Context.ROOT);
        Context context = Telemetry.within(Context.ROOT, request);
        telemetry.record("past", context, 0, 1, Attributes.empty());
        assertThat(telemetry.beginLinked("later", context)).isSameAs(Span.getInvalid());
        request.end();
        telemetry.close();
        assertThat(exporter.getFinishedSpanItems()).isEmpty();
    }

    /** As in the processes' own configurations. */
    public record Sample(String id, TelemetryConfig telemetry) implements Validated {
        @Override
        public void validate(Problems problems) {
            telemetry.validate(problems);
        }
    }

    @Test
    void badSettingsAreRefused() throws ConfigException {
        var loader = new ConfigLoader<>(Sample.class, "sample-defaults.yaml");
        assertThat(loader.load(null, List.of("telemetry.otlp_endpoint=http://collector:4318/"))
                        .config()
                        .telemetry()
                        .tracesUrl())
                .isEqualTo("http://collector:4318/v1/traces");
        for (String wrong :
                List.of("collector:4317", "grpc://collector:4317", "http://", "http://a b", "http://a/?b=c")) {
            var refused = catchThrowableOfType(
                    ConfigException.class, () -> loader.load(null, List.of("telemetry.otlp_endpoint='" + wrong + "'")));
            assertThat(refused).as(wrong).hasMessageContaining("telemetry.otlp_endpoint: '" + wrong + "'");
        }
        assertThat(catchThrowableOfType(
                        ConfigException.class, () -> loader.load(null, List.of("telemetry.sample_ratio=1.5"))))
                .hasMessageContaining("telemetry.sample_ratio: 1.5 (expected: 0 to 1)");
    }
}
