package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.coordinator.http.HttpRoutes;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.telemetry.RequestId;
import io.grpc.Channel;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.CorsHandler;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /v1}: what OpenAI's clients ask. Every answer, errors too, is JSON (or a stream of it) and has the request's id. Safe for use
 * by several threads.
 */
public final class OpenAiRoutes implements HttpRoutes {
    static final String ID = "openai.id";
    static final String KEY = "openai.key";

    private static final Logger log = LoggerFactory.getLogger(OpenAiRoutes.class);
    private static final String ALL = "/v1/*";
    private static final String MODELS = "/v1/models";
    private static final String COMPLETIONS = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";
    private static final String BEARER = "Bearer ";
    private static final int CLIENT_GONE = 499;
    private static final String ID_HEADER = RequestId.HEADER.name();

    /** Shorter than a name may be: those of the choices are longer. */
    private static final int MAX_ID = 128;

    private final ServedModels models;
    private final CompletionRoute completions;
    private final CompletionRoute chat;
    private final KeyCheck keys;
    private final List<String> corsOrigins;
    private final ObjIntConsumer<String> served;

    /**
     * @param front the generation front door
     * @param corsOrigins pages whose scripts may read answers; {@code *} for all
     * @param version of this release
     * @param served hears of each request's path (one of few) and HTTP status
     */
    public OpenAiRoutes(
            MemberRegistry members,
            Channel front,
            OpenRequests open,
            KeyCheck keys,
            List<String> corsOrigins,
            LongSupplier epochMillis,
            String version,
            ObjIntConsumer<String> served) {
        this.models = new ServedModels(members);
        this.completions = new CompletionRoute(new CompletionReader(), models, front, open, epochMillis, version);
        this.chat = new CompletionRoute(new ChatReader(), models, front, open, epochMillis, version);
        this.keys = keys;
        this.corsOrigins = List.copyOf(corsOrigins);
        this.served = served;
    }

    @Override
    public void addTo(Router router) {
        router.route(ALL).handler(this::begin).failureHandler(OpenAiRoutes::failed);
        if (!corsOrigins.isEmpty()) {
            router.route(ALL).handler(cors());
        }
        router.route(ALL).handler(this::letIn);
        router.get(MODELS).handler(this::list);
        router.getWithRegex("/v1/models/(?<model>.+)").handler(this::model);
        completions.addTo(router, COMPLETIONS);
        chat.addTo(router, CHAT);
        router.route(MODELS).handler(context -> wrongMethod(context, HttpMethod.GET));
        router.route(COMPLETIONS).handler(context -> wrongMethod(context, HttpMethod.POST));
        router.route(CHAT).handler(context -> wrongMethod(context, HttpMethod.POST));
        router.route(ALL).handler(context -> {
            throw ApiError.refused(
                            404,
                            "unknown_url",
                            context.request().method() + " " + context.normalizedPath() + " (expected: " + MODELS + ", "
                                    + COMPLETIONS + " or " + CHAT + ")",
                            null)
                    .toException();
        });
    }

    private CorsHandler cors() {
        CorsHandler handler = CorsHandler.create()
                .allowedMethods(Set.of(HttpMethod.GET, HttpMethod.POST))
                .exposedHeaders(Set.of(ID_HEADER, "retry-after", "retry-after-ms"));
        return corsOrigins.contains("*") ? handler : handler.addOrigins(corsOrigins);
    }

    private void begin(RoutingContext context) {
        String id = requestId(context.request().getHeader(ID_HEADER));
        context.put(ID, id);
        context.response().putHeader(ID_HEADER, id);
        String path = List.of(MODELS, COMPLETIONS, CHAT).contains(context.normalizedPath())
                ? context.normalizedPath()
                : context.normalizedPath().startsWith(MODELS + "/") ? MODELS : "other";
        // Whether it succeeded says something else: an HTTP/2 stream that is over has "failed" too.
        context.addEndHandler(end -> served.accept(
                path, context.response().ended() ? context.response().getStatusCode() : CLIENT_GONE));
        context.next();
    }

    /** The caller's name for its request, if it can be used, or a new one. */
    private static String requestId(@Nullable String given) {
        return given != null && given.length() <= MAX_ID && RequestId.isValid(given)
                ? given
                : UUID.randomUUID().toString().replace("-", "");
    }

    private void letIn(RoutingContext context) {
        String header = context.request().getHeader("Authorization");
        String presented = header == null || !header.regionMatches(true, 0, BEARER, 0, BEARER.length())
                ? null
                : header.substring(BEARER.length()).strip();
        Optional<ApiKey> key = keys.find(presented);
        if (key.isEmpty()) {
            throw ApiError.refused(
                            401,
                            "invalid_api_key",
                            (presented == null ? "no API key" : "an API key that is not known")
                                    + " (expected: Authorization: Bearer KEY, with a key of this server)",
                            null)
                    .toException();
        }
        context.put(KEY, key.get());
        context.next();
    }

    private void list(RoutingContext context) {
        ObjectNode list = JsonNodeFactory.instance.objectNode().put("object", "list");
        ArrayNode data = list.putArray("data");
        models.all().forEach(model -> data.add(model.toJson()));
        new ApiResponse(context.response()).json(200, list);
    }

    private void model(RoutingContext context) {
        String name = context.pathParam("model");
        ServedModel model = models.find(name)
                .orElseThrow(() -> ApiError.noSuchModel("model: '" + name + "' (expected: one of "
                                + models.all().stream().map(ServedModel::name).toList() + ")")
                        .toException());
        new ApiResponse(context.response()).json(200, model.toJson());
    }

    private static void wrongMethod(RoutingContext context, HttpMethod expected) {
        context.response().putHeader("Allow", expected.name());
        throw ApiError.refused(
                        405,
                        "method_not_allowed",
                        "method: " + context.request().method() + " (expected: " + expected + ")",
                        null)
                .toException();
    }

    private static void failed(RoutingContext context) {
        new ApiResponse(context.response()).fail(error(context));
    }

    private static ApiError error(RoutingContext context) {
        if (context.failure() instanceof ApiException e) {
            return e.error();
        }
        int status = context.statusCode();
        if (status == 413) {
            return CompletionRoute.tooLarge();
        }
        if (status >= 400 && status < 500) {
            return ApiError.refused(status, null, "the request cannot be read (expected: HTTP as it should be)", null);
        }
        log.error("request {} failed", context.<String>get(ID), context.failure());
        return ApiError.server(500, null, "internal error", OptionalLong.empty());
    }
}
