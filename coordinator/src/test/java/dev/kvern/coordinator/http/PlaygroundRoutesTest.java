package dev.kvern.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.PromptProgress;
import dev.kvern.v1.PromptSpan;
import dev.kvern.v1.TokenSource;
import dev.kvern.v1.Usage;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PlaygroundRoutesTest {
    private static final int LONG = 2_000;

    private final BlockingQueue<GenerateRequest> requests = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private final ManagedChannel channel =
            InProcessChannelBuilder.forName("playground").build();
    private final HttpServer server = HttpServer.start("127.0.0.1", 0, List.of(new PlaygroundRoutes(channel)));

    @SuppressWarnings("NullAway.Init")
    private Server front;

    @BeforeEach
    void start() throws IOException {
        front = InProcessServerBuilder.forName("playground")
                .addService(new Front())
                .build()
                .start();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.close();
        front.shutdownNow();
    }

    @Test
    void aPromptIsStreamedAsItComesAbout() throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(
                post("application/json", "{\"prompt\":\"Hi\",\"chat\":true,\"max_tokens\":3,\"runner_id\":\"a\"}"),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.headers().firstValue("content-type")).hasValue("text/event-stream");
        assertThat(answer.body().lines().filter(line -> line.startsWith("event")))
                .containsExactly("event: progress", "event: token", "event: token", "event: end");
        assertThat(answer.body())
                .contains("\"spans\":[[\"cluster\",16]]}", "\"text\":\"Hello\"", "\"finish_reason\":\"length\"");
        GenerateRequest seen = requests.remove();
        assertThat(seen.getPrompt().getChat().getMessages(0).getContent()).isEqualTo("Hi");
        assertThat(seen.getMaxTokens()).isEqualTo(3);
        assertThat(seen.getRunnerId()).isEqualTo("a");
        assertThat(seen.getReportProgress()).isTrue();
    }

    @Test
    void whatCannotBeIsRefused() throws IOException, InterruptedException {
        assertThat(status("text/plain", "{\"prompt\":\"Hi\"}")).isEqualTo(415);
        assertThat(status("application/json", "{")).isEqualTo(400);
        assertThat(status("application/json", "{\"prompt\":\"\"}")).isEqualTo(400);
        assertThat(status("application/json", "{\"prompt\":\"Hi\",\"max_tokens\":0}"))
                .isEqualTo(400);
        assertThat(status("application/json", "")).isEqualTo(400);
        assertThat(status("application/json", "{\"prompt\":\"" + "x".repeat(300_000) + "\"}"))
                .isEqualTo(413);
        assertThat(requests).isEmpty();
    }

    @Test
    void aFailureIsToldInTheStream() throws IOException, InterruptedException {
        HttpResponse<String> answer =
                http.send(post("application/json", "{\"prompt\":\"fail\"}"), HttpResponse.BodyHandlers.ofString());
        assertThat(answer.body()).contains("event: failed", "UNAVAILABLE: no runner");
    }

    @Test
    void whoLeavesEndsTheCall() throws IOException, InterruptedException {
        HttpResponse<InputStream> answer =
                http.send(post("application/json", "{\"prompt\":\"wait\"}"), HttpResponse.BodyHandlers.ofInputStream());
        assertThat(answer.body().read()).isPositive();
        answer.body().close();
        assertThat(cancelled.poll(20, TimeUnit.SECONDS)).isEqualTo("wait");
    }

    @Test
    void aPageThatIsSlowerThanTheAnswerGetsAllOfIt() throws IOException, InterruptedException {
        HttpResponse<InputStream> answer =
                http.send(post("application/json", "{\"prompt\":\"long\"}"), HttpResponse.BodyHandlers.ofInputStream());
        try (var lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8)).lines()) {
            assertThat(lines.filter("event: token"::equals)).hasSize(LONG + 1);
        }
    }

    private int status(String type, String body) throws IOException, InterruptedException {
        return http.send(post(type, body), HttpResponse.BodyHandlers.ofString()).statusCode();
    }

    private HttpRequest post(String type, String body) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/api/playground"))
                .header("Content-Type", type)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private final class Front extends GenerationServiceGrpc.GenerationServiceImplBase {
        @Override
        public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
            String text = request.getPrompt().getText();
            requests.add(request);
            if (text.equals("fail")) {
                responses.onError(
                        Status.UNAVAILABLE.withDescription("no runner").asRuntimeException());
                return;
            }
            ((ServerCallStreamObserver<GenerateResponse>) responses).setOnCancelHandler(() -> cancelled.add(text));
            var span = PromptSpan.newBuilder()
                    .setSource(TokenSource.TOKEN_SOURCE_CLUSTER)
                    .setTokens(16);
            responses.onNext(GenerateResponse.newBuilder()
                    .setProgress(PromptProgress.newBuilder().setPromptTokens(20).addSpans(span))
                    .build());
            if (text.equals("wait")) {
                return;
            }
            for (int i = 0; text.equals("long") && i < LONG - 1; i++) {
                responses.onNext(GenerateResponse.newBuilder()
                        .addTokenIds(1)
                        .setTextDelta("x".repeat(2_000))
                        .build());
            }
            responses.onNext(GenerateResponse.newBuilder()
                    .addTokenIds(1)
                    .setTextDelta("Hello")
                    .build());
            responses.onNext(GenerateResponse.newBuilder()
                    .setFinishReason(FinishReason.FINISH_REASON_LENGTH)
                    .setUsage(Usage.newBuilder().setPromptTokens(20).addSpans(span))
                    .build());
            responses.onCompleted();
        }
    }
}
