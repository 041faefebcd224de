package dev.kvern.coordinator.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.coordinator.Members;
import dev.kvern.coordinator.SteppedClock;
import dev.kvern.coordinator.http.HttpServer;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.rpc.Failures;
import dev.kvern.v1.FinishReason;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OpenAiRoutesTest {
    private static final String KEY = "sk-1";
    private static final String PROMPT = "{'model': 'demo', 'prompt': 'a'}";
    private static final String STREAM = "{'model': 'demo', 'prompt': 'a', 'stream': true}";

    private final MemberRegistry members =
            new MemberRegistry(new MembershipLimits(1_000, 4_000, 60_000, 10), new SteppedClock());
    private final ScriptedFront front = new ScriptedFront();
    private final OpenRequests open = new OpenRequests(2, 64 << 20);
    private final BlockingQueue<String> served = new LinkedBlockingQueue<>();
    private final HttpServer server = HttpServer.start(
            "127.0.0.1",
            0,
            List.of(new OpenAiRoutes(
                    members,
                    front.channel(),
                    open,
                    key -> key == null
                            ? Optional.empty()
                            : ApiKeys.parse("k", List.of("a " + KEY + " acme")).find(key),
                    List.of("https://chat.example"),
                    () -> 1_700_000_000_999L,
                    "1.0",
                    (path, status) -> served.add(path + " " + status))));
    private final HttpClient http = HttpClient.newHttpClient();

    @AfterEach
    void close() {
        server.close();
        front.close();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .header("Authorization", "Bearer " + KEY);
    }

    private HttpRequest.Builder post(String path, String json) {
        return request(path)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json.replace('\'', '"')));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return http.send(request.build(), BodyHandlers.ofString());
    }

    private CompletableFuture<HttpResponse<String>> begin(String json) {
        return http.sendAsync(post("/v1/completions", json).build(), BodyHandlers.ofString());
    }

    private static JsonNode json(HttpResponse<String> response) throws IOException {
        assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
        return new ObjectMapper().readTree(response.body());
    }

    private static JsonNode error(HttpResponse<String> response, int status, String code) throws IOException {
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.headers().firstValue("x-request-id")).isPresent();
        JsonNode error = json(response).path("error");
        assertThat(error.fieldNames()).toIterable().containsExactly("message", "type", "param", "code");
        assertThat(error.path("code").asText()).isEqualTo(code);
        return error;
    }

    private String served() throws InterruptedException {
        return String.valueOf(served.poll(30, TimeUnit.SECONDS));
    }

    @Test
    void modelsAreThoseOfTheRunnersThatAreUp() throws Exception {
        assertThat(json(send(request("/v1/models"))).path("data")).isEmpty();
        members.register(Members.runner("b", 9_000));
        members.register(Members.runner("a", 7_999));
        JsonNode list = json(send(request("/v1/models")));
        assertThat(list.path("object").asText()).isEqualTo("list");
        assertThat(list.path("data")).hasSize(1);
        JsonNode model = json(send(request("/v1/models/demo")));
        assertThat(model).isEqualTo(list.at("/data/0"));
        assertThat(model)
                .hasToString("{\"id\":\"demo\",\"object\":\"model\",\"created\":7,\"owned_by\":\"kvern\","
                        + "\"max_model_len\":1000}");
        assertThat(error(send(request("/v1/models/acme%2Fgpt-9")), 404, "model_not_found")
                        .path("message")
                        .asText())
                .isEqualTo("model: 'acme/gpt-9' (expected: one of [demo])");
    }

    @Test
    void anAnswerIsNamedAfterItsRequest() throws Exception {
        members.register(Members.runner("a"));
        var answer = http.sendAsync(
                post("/v1/completions", PROMPT).header("x-request-id", "mine-1").build(), BodyHandlers.ofString());
        ScriptedFront.Call call = front.next();
        assertThat(call.request().getRequestId()).isEqualTo("mine-1");
        assertThat(call.request().getCacheSalt()).isEqualTo("acme:");
        call.token("one");
        call.end(FinishReason.FINISH_REASON_LENGTH);
        HttpResponse<String> response = answer.get();
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("x-request-id")).hasValue("mine-1");
        assertThat(json(response))
                .hasToString("{\"id\":\"cmpl-mine-1\",\"object\":\"text_completion\",\"created\":1700000000,"
                        + "\"model\":\"demo\",\"choices\":[{\"text\":\"one\",\"index\":0,\"logprobs\":null,"
                        + "\"finish_reason\":\"length\"}],\"system_fingerprint\":\"kvern-1.0-\","
                        + "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12,"
                        + "\"prompt_tokens_details\":{\"cached_tokens\":4}}}");
        assertThat(served()).isEqualTo("/v1/completions 200");
    }

    @Test
    void anIdThatCannotBeUsedIsReplaced() throws Exception {
        HttpResponse<String> response = send(request("/v1/models").header("x-request-id", "a".repeat(129)));
        assertThat(response.headers().firstValue("x-request-id").orElseThrow()).matches("[0-9a-f]{32}");
    }

    @Test
    void aStreamComesAsItIsMade() throws Exception {
        var response = http.sendAsync(post("/v1/completions", STREAM).build(), BodyHandlers.ofInputStream());
        ScriptedFront.Call call = front.next();
        call.token("one");
        try (var lines = lines(response.get().body())) {
            assertThat(response.get().headers().firstValue("content-type"))
                    .hasValue("text/event-stream; charset=utf-8");
            assertThat(lines.readLine()).startsWith("data: {").contains("\"text\":\"one\"");
            call.token("two");
            assertThat(lines.readLine()).isEmpty();
            assertThat(lines.readLine()).contains("\"text\":\"two\"").doesNotContain("usage");
            call.end(FinishReason.FINISH_REASON_STOP);
            assertThat(lines.lines().filter(line -> !line.isEmpty()))
                    .hasSize(2)
                    .last()
                    .isEqualTo("data: [DONE]");
        }
    }

    @Test
    void aStreamThatBreaksSaysSo() throws Exception {
        var response = begin(STREAM);
        ScriptedFront.Call call = front.next();
        call.token("one");
        call.responses()
                .onError(Status.UNAVAILABLE.withDescription("runner r: gone").asRuntimeException());
        assertThat(response.get().statusCode()).isEqualTo(200);
        assertThat(response.get().body().lines().filter(line -> !line.isEmpty()))
                .hasSize(2)
                .last()
                .isEqualTo("data: {\"error\":{\"message\":\"runner r: gone\",\"type\":\"server_error\",\"param\":null,"
                        + "\"code\":\"unavailable\"}}");
    }

    @Test
    void aStreamThatFailsAtOnceHasAStatus() throws Exception {
        var response = begin(STREAM);
        var trailers = new Metadata();
        trailers.put(Failures.RETRY_AFTER_MILLIS, "1700");
        front.next()
                .responses()
                .onError(Status.RESOURCE_EXHAUSTED.withDescription("full").asRuntimeException(trailers));
        error(response.get(), 429, "rate_limit_exceeded");
        assertThat(response.get().headers().firstValue("retry-after")).hasValue("2");
        assertThat(response.get().headers().firstValue("retry-after-ms")).hasValue("1700");
    }

    @Test
    void whoIsNotThereIsSaidWithATimeToComeAgain() throws Exception {
        var response = begin(PROMPT);
        front.next()
                .responses()
                .onError(Status.UNAVAILABLE.withDescription("no runner is up").asRuntimeException());
        error(response.get(), 503, "unavailable");
        assertThat(response.get().headers().firstValue("retry-after")).hasValue("1");
    }

    @Test
    void aClientThatGoesEndsItsCall() throws Exception {
        for (String json : List.of(PROMPT, STREAM)) {
            try (var socket = new Socket("127.0.0.1", server.port())) {
                String body = json.replace('\'', '"');
                socket.getOutputStream()
                        .write(("POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY
                                        + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                                        + "\r\n\r\n" + body)
                                .getBytes(StandardCharsets.US_ASCII));
                ScriptedFront.Call call = front.next();
                call.token("one");
                if (json.equals(STREAM)) {
                    assertThat(lines(socket.getInputStream()).readLine()).isEqualTo("HTTP/1.1 200 OK");
                }
                socket.close();
                assertThat(call.awaitCancelled()).isTrue();
                assertThat(served()).isEqualTo("/v1/completions 499");
            }
        }
        assertThat(served).as("each is counted once").isEmpty();
    }

    @Test
    void aStreamThatIsResetEndsItsCall() throws Exception {
        // Over HTTP/2, where the connection stays.
        var answer = begin(PROMPT);
        front.next().end(FinishReason.FINISH_REASON_STOP);
        assertThat(answer.get().version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(served()).isEqualTo("/v1/completions 200");
        var given = begin(PROMPT);
        ScriptedFront.Call call = front.next();
        given.cancel(true);
        assertThat(call.awaitCancelled()).isTrue();
        assertThat(served()).isEqualTo("/v1/completions 499");
    }

    @Test
    void keysAreWanted() throws Exception {
        HttpRequest.Builder none =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/v1/models"));
        HttpResponse<String> refused = send(none);
        assertThat(error(refused, 401, "invalid_api_key").path("type").asText()).isEqualTo("invalid_request_error");
        assertThat(refused.headers().firstValue("www-authenticate")).hasValue("Bearer");
        HttpResponse<String> wrong = send(none.header("Authorization", "Bearer sk-secret"));
        error(wrong, 401, "invalid_api_key");
        assertThat(wrong.body()).doesNotContain("sk-secret");
    }

    @Test
    void whatCannotBeUnderstoodIsNamed() throws Exception {
        error(send(request("/v1/nowhere")), 404, "unknown_url");
        HttpResponse<String> get = send(request("/v1/chat/completions"));
        error(get, 405, "method_not_allowed");
        assertThat(get.headers().firstValue("allow")).hasValue("POST");
        error(send(request("/v1/models").DELETE()), 405, "method_not_allowed");
        error(send(request("/v1/completions").POST(BodyPublishers.ofString("{}"))), 415, "unsupported_media_type");
        assertThat(error(send(post("/v1/completions", "{}")), 400, "null")
                        .path("param")
                        .asText())
                .isEqualTo("prompt");
        assertThat(error(send(post("/v1/chat/completions", "{")), 400, "null")
                        .path("message")
                        .asText())
                .startsWith("body: ");
        error(send(post("/v1/completions", " ".repeat((8 << 20) + 1))), 413, "request_too_large");
    }

    @Test
    void aLargeBodyIsRead() throws Exception {
        var response = begin("{'prompt': '" + "x".repeat(1 << 20) + "'}");
        ScriptedFront.Call call = front.next();
        assertThat(call.request().getPrompt().getText()).hasSize(1 << 20);
        call.end(FinishReason.FINISH_REASON_STOP);
        assertThat(response.get().statusCode()).isEqualTo(200);
        assertThat(error(send(post("/v1/completions", "{'prompt': [" + " ".repeat(1 << 20) + "]}")), 400, "null")
                        .path("param")
                        .asText())
                .isEqualTo("prompt");
    }

    @Test
    void tooManyAreTurnedAway() throws Exception {
        var first = begin(PROMPT);
        var second = begin(PROMPT);
        ScriptedFront.Call call = front.next();
        ScriptedFront.Call other = front.next();
        error(send(post("/v1/completions", PROMPT)), 429, "rate_limit_exceeded");
        call.end(FinishReason.FINISH_REASON_STOP);
        other.end(FinishReason.FINISH_REASON_STOP);
        assertThat(first.get().statusCode()).isEqualTo(200);
        assertThat(second.get().statusCode()).isEqualTo(200);
        open.drain();
        error(send(post("/v1/completions", PROMPT)), 503, "unavailable");
    }

    @Test
    void aPageThatIsNamedMayReadAnswers() throws Exception {
        HttpResponse<String> preflight =
                send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/v1/chat/completions"))
                        .method("OPTIONS", BodyPublishers.noBody())
                        .header("Origin", "https://chat.example")
                        .header("Access-Control-Request-Method", "POST")
                        .header("Access-Control-Request-Headers", "authorization,content-type,x-stainless-lang"));
        assertThat(preflight.statusCode()).isEqualTo(204);
        assertThat(preflight.headers().firstValue("access-control-allow-origin"))
                .hasValue("https://chat.example");
        assertThat(preflight
                        .headers()
                        .firstValue("access-control-allow-headers")
                        .orElse(""))
                .contains("authorization", "x-stainless-lang");
        assertThat(send(request("/v1/models").header("Origin", "https://chat.example"))
                        .statusCode())
                .isEqualTo(200);
        assertThat(send(request("/v1/models").header("Origin", "https://evil.example"))
                        .statusCode())
                .isEqualTo(403);
    }

    private static BufferedReader lines(InputStream in) {
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    }
}
