package dev.kvern.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.telemetry.Telemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TraceRoutesTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String CALLER = "00f067aa0ba902b7";

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final Telemetry telemetry = Telemetry.start(exporter, 1, "test", "t-1");

    /** Answers with the trace that it is asked to continue. */
    private final HttpRoutes echo = router -> {
        router.get("/v1/echo").handler(context -> {
            String parent = context.request().getHeader("traceparent");
            context.response().putHeader("x-request-id", "r-1").end(parent == null ? "none" : parent);
        });
        router.get("/v1/broken")
                .handler(context -> context.response().setStatusCode(500).end());
        router.get("/other")
                .handler(context ->
                        context.response().end(String.valueOf(context.request().getHeader("traceparent"))));
    };

    @AfterEach
    void stop() {
        telemetry.close();
    }

    private String ask(Telemetry with, String path) throws IOException, InterruptedException {
        try (HttpServer server = HttpServer.start("127.0.0.1", 0, List.of(new TraceRoutes(with), echo))) {
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                    .header("traceparent", "00-" + TRACE + "-" + CALLER + "-01")
                    .build();
            return HttpClient.newHttpClient()
                    .send(request, BodyHandlers.ofString())
                    .body();
        }
    }

    private SpanData awaitSpan() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (exporter.getFinishedSpanItems().isEmpty() && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(exporter.getFinishedSpanItems()).hasSize(1);
        return exporter.getFinishedSpanItems().get(0);
    }

    @Test
    void aRequestContinuesItsCallersTraceAndIsItselfContinued() throws Exception {
        String passedOn = ask(telemetry, "/v1/echo");
        SpanData span = awaitSpan();
        assertThat(passedOn).isEqualTo("00-" + TRACE + "-" + span.getSpanId() + "-01");
        assertThat(span.getTraceId()).isEqualTo(TRACE);
        assertThat(span.getParentSpanId()).isEqualTo(CALLER);
        assertThat(span.getName()).isEqualTo("GET /v1/*");
        assertThat(span.getKind()).isEqualTo(SpanKind.SERVER);
        assertThat(span.getAttributes().get(AttributeKey.longKey("http.response.status_code")))
                .isEqualTo(200);
        assertThat(span.getAttributes().get(AttributeKey.stringKey("kvern.request_id")))
                .isEqualTo("r-1");
        assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    }

    @Test
    void whatFailsHereIsAnError() throws Exception {
        ask(telemetry, "/v1/broken");
        assertThat(awaitSpan().getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    }

    @Test
    void nothingElseIsFollowed() throws Exception {
        String untouched = "00-" + TRACE + "-" + CALLER + "-01";
        assertThat(ask(telemetry, "/other")).isEqualTo(untouched);
        assertThat(ask(Telemetry.off(), "/v1/echo")).isEqualTo(untouched);
        telemetry.close();
        assertThat(exporter.getFinishedSpanItems()).isEmpty();
    }
}
