package dev.kvern.coordinator.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.Chat;
import dev.kvern.v1.ChatMessage;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.SamplingParameters;
import io.grpc.Channel;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * {@code POST /api/playground}: sends a prompt from the page as any caller would, and streams what happens to it as server-sent
 * events. Safe for use by several threads.
 */
public final class PlaygroundRoutes implements HttpRoutes {
    private static final int MOST_BYTES = 256 << 10;
    private static final int TOO_LARGE = 413;
    private static final int MOST_CALLS = 8;
    private static final int MOST_TOKENS = 4_096;
    private static final long LIMIT_SECONDS = 300;
    private static final String JSON = "application/json";

    private final Channel front;
    private final AtomicInteger calls = new AtomicInteger();

    /** @param front the generation front door */
    public PlaygroundRoutes(Channel front) {
        this.front = front;
    }

    @Override
    public void addTo(Router router) {
        router.post("/api/playground")
                .handler(BodyHandler.create(false).setBodyLimit(MOST_BYTES))
                .handler(this::generate)
                .failureHandler(PlaygroundRoutes::failed);
    }

    private static void failed(RoutingContext context) {
        if (context.statusCode() == TOO_LARGE) {
            refuse(context, TOO_LARGE, "body: too large (expected: at most " + MOST_BYTES + " bytes)");
        } else {
            context.next();
        }
    }

    private void generate(RoutingContext context) {
        // Pages of other origins cannot send this type without asking, and nobody says yes to them.
        String type = context.request().getHeader(HttpHeaders.CONTENT_TYPE);
        if (type == null || !type.startsWith(JSON)) {
            refuse(context, 415, "Content-Type: " + type + " (expected: " + JSON + ")");
            return;
        }
        GenerateRequest request;
        try {
            Buffer body = context.body().buffer();
            request = request(JsonText.MAPPER.readTree(body == null ? new byte[0] : body.getBytes()));
        } catch (JsonProcessingException e) {
            refuse(context, 400, "body: " + e.getOriginalMessage() + " (expected: a JSON object)");
            return;
        } catch (IOException | KvernException e) {
            refuse(context, 400, String.valueOf(e.getMessage()));
            return;
        }
        if (calls.incrementAndGet() > MOST_CALLS) {
            calls.decrementAndGet();
            refuse(context, 429, "prompts under way from pages: " + MOST_CALLS + " (expected: fewer; try again later)");
            return;
        }
        var call = new PlaygroundCall(context.response(), calls::decrementAndGet);
        GenerationServiceGrpc.newStub(front)
                .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                .generate(request, call);
    }

    private static GenerateRequest request(JsonNode body) {
        String text = body.path("prompt").asText("");
        if (text.isEmpty()) {
            throw KvernException.invalid("prompt", "''", "a text of at least 1 character");
        }
        int tokens = body.path("max_tokens").asInt(64);
        if (tokens < 1 || tokens > MOST_TOKENS) {
            throw KvernException.invalid("max_tokens", tokens, "1 to " + MOST_TOKENS);
        }
        var request = GenerateRequest.newBuilder()
                .setModel(body.path("model").asText(""))
                .setPrompt(prompt(text, body.path("chat").asBoolean()))
                .setMaxTokens(tokens)
                .setReportProgress(true)
                .setSampling(SamplingParameters.newBuilder()
                        .setTemperature((float) body.path("temperature").asDouble(0)));
        String runner = body.path("runner_id").asText("");
        if (!runner.isEmpty()) {
            request.setRunnerId(runner);
        }
        return request.build();
    }

    private static Prompt prompt(String text, boolean chat) {
        return chat
                ? Prompt.newBuilder()
                        .setChat(Chat.newBuilder()
                                .addMessages(
                                        ChatMessage.newBuilder().setRole("user").setContent(text)))
                        .build()
                : Prompt.newBuilder().setText(text).build();
    }

    private static void refuse(RoutingContext context, int status, String why) {
        context.response()
                .setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, JSON)
                .end(JsonText.of(JsonText.object().put("error", why)));
    }
}
