package dev.kvern.coordinator.openai;

import com.google.protobuf.MessageLite;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.GenerationServiceGrpc.GenerationServiceStub;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

/** Serves one kind of completion. Immutable; each request is confined to its event loop. */
final class CompletionRoute {
    /** No more than a gRPC message may have. */
    private static final int MAX_BODY_BYTES = GrpcServer.MAX_MESSAGE_BYTES;

    /** A body that takes longer to read than an event loop should be away. */
    private static final int LARGE_BODY_BYTES = 64 << 10;

    private static final long BODY_MILLIS = 60_000;
    private static final String BODY_TIMER = "openai.body-timer";
    private static final String PLACE = "openai.place";
    private static final Pattern JSON_TYPE = Pattern.compile("application/(?:[\\w.+-]+\\+)?json(?:\\s*;.*)?");
    private static final Metadata.Key<String> TRACE_PARENT =
            Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
    private static final Pattern TRACE_PARENT_VALUE = Pattern.compile("[0-9a-f-]{55}");

    private static final Metadata.Key<String> TRACE_STATE =
            Metadata.Key.of("tracestate", Metadata.ASCII_STRING_MARSHALLER);
    private static final Pattern TRACE_STATE_VALUE = Pattern.compile("[ -~]{1,512}");

    private final RequestReader reader;
    private final ServedModels models;
    private final Channel front;
    private final OpenRequests open;
    private final LongSupplier epochMillis;
    private final String version;

    CompletionRoute(
            RequestReader reader,
            ServedModels models,
            Channel front,
            OpenRequests open,
            LongSupplier epochMillis,
            String version) {
        this.reader = reader;
        this.models = models;
        this.front = front;
        this.open = open;
        this.epochMillis = epochMillis;
        this.version = version;
    }

    void addTo(Router router, String path) {
        router.post(path).handler(this::admit);
        router.post(path).handler(CompletionRoute::limitBodyTime);
        router.post(path).handler(BodyHandler.create(false).setBodyLimit(MAX_BODY_BYTES));
        router.post(path).handler(this::read);
    }

    static ApiError tooLarge() {
        return ApiError.refused(
                413, "request_too_large", "body: too large (expected: at most " + MAX_BODY_BYTES + " bytes)", null);
    }

    /** Before a byte of the body is read. */
    private void admit(RoutingContext context) {
        HttpServerRequest http = context.request();
        String type = http.getHeader("Content-Type");
        if (type == null || !JSON_TYPE.matcher(type.toLowerCase(Locale.ROOT)).matches()) {
            throw ApiError.refused(
                            415,
                            "unsupported_media_type",
                            "Content-Type: " + (type == null ? "none" : type) + " (expected: application/json)",
                            null)
                    .toException();
        }
        long size = size(http.getHeader("Content-Length"));
        if (size > MAX_BODY_BYTES) {
            throw tooLarge().toException();
        }
        OpenRequests.Place place = open.enter(size);
        context.put(PLACE, place);
        context.addEndHandler(end -> place.close());
        context.next();
    }

    /** Who sends headers and no body must not keep others' room. */
    private static void limitBodyTime(RoutingContext context) {
        Vertx vertx = context.vertx();
        long timer = vertx.setTimer(BODY_MILLIS, late -> {
            context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
            context.fail(ApiError.refused(
                            408,
                            "request_timeout",
                            "body: not complete after " + BODY_MILLIS + " ms (expected: sent within that time)",
                            null)
                    .toException());
        });
        context.put(BODY_TIMER, timer);
        context.addEndHandler(end -> vertx.cancelTimer(timer));
        context.next();
    }

    /** What is not said may be as much as is allowed. */
    private static long size(String contentLength) {
        return contentLength != null && contentLength.matches("\\d{1,18}")
                ? Long.parseLong(contentLength)
                : MAX_BODY_BYTES;
    }

    private void read(RoutingContext context) {
        if (!context.vertx().cancelTimer(context.<Long>get(BODY_TIMER))) {
            return;
        }
        Buffer body = context.body().buffer();
        byte[] bytes = body == null ? new byte[0] : body.getBytes();
        context.<OpenRequests.Place>get(PLACE).shrink(bytes.length);
        if (bytes.length < LARGE_BODY_BYTES) {
            generate(context, reader.read(bytes));
        } else {
            context.vertx()
                    .executeBlocking(() -> reader.read(bytes), false)
                    .onSuccess(request -> generate(context, request))
                    .onFailure(context::fail);
        }
    }

    private void generate(RoutingContext context, ApiRequest request) {
        OpenRequests.Place place = context.get(PLACE);
        if (place.isLeft()) {
            // The client went while its request was read: nobody would say so any more.
            return;
        }
        admitChoices(place, request);
        ApiKey key = context.get(OpenAiRoutes.KEY);
        String id = context.get(OpenAiRoutes.ID);
        ApiRequest salted =
                request.withCacheSalt(key.cacheSalt(request.template().getCacheSalt()));
        Context loop = context.vertx().getOrCreateContext();
        var generation = new Generation(
                salted,
                id,
                stub(context.request()),
                command -> loop.runOnContext(now -> command.run()),
                answer(context, salted, id));
        context.addEndHandler(end -> generation.cancelled());
        context.response().drainHandler(now -> generation.drained());
        generation.start();
    }

    /** Each choice's call has the whole prompt. */
    private void admitChoices(OpenRequests.Place place, ApiRequest request) {
        long prompts = request.prompts().stream()
                .mapToLong(MessageLite::getSerializedSize)
                .sum();
        long more = prompts * (request.n() - 1);
        if (prompts * request.n() > open.maxBytes()) {
            throw ApiError.invalid(
                            "n",
                            request.n(),
                            "fewer: that many times the prompt are more than " + open.maxBytes() + " bytes")
                    .toException();
        }
        if (!place.grow(more)) {
            throw GrpcErrors.busy("requests under way: no room for " + more + " bytes more (expected: try again later)")
                    .toException();
        }
    }

    private GenerationServiceStub stub(HttpServerRequest http) {
        GenerationServiceStub stub = GenerationServiceGrpc.newStub(front);
        String parent = http.getHeader(TRACE_PARENT.name());
        if (parent == null || !TRACE_PARENT_VALUE.matcher(parent).matches()) {
            return stub;
        }
        var headers = new Metadata();
        headers.put(TRACE_PARENT, parent);
        String state = http.getHeader(TRACE_STATE.name());
        if (state != null && TRACE_STATE_VALUE.matcher(state).matches()) {
            headers.put(TRACE_STATE, state);
        }
        return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private Answer answer(RoutingContext context, ApiRequest request, String id) {
        String asked = request.template().getModel();
        Optional<ServedModel> model = models.find(asked);
        var envelope = new Envelope(
                request.format(),
                request.format().idPrefix() + id,
                TimeUnit.MILLISECONDS.toSeconds(epochMillis.getAsLong()),
                model.map(ServedModel::name).orElse(asked),
                model.map(m -> m.fingerprint(version)).orElse(""));
        int choices = request.prompts().size() * request.n();
        var response = new ApiResponse(context.response());
        return request.stream()
                ? new StreamedAnswer(response, envelope, choices, request.includeUsage())
                : new WholeAnswer(
                        response, envelope, choices, request.template().hasLogprobs(), context.get(PLACE));
    }
}
