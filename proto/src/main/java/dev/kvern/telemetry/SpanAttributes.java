package dev.kvern.telemetry;

import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.Usage;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import java.util.List;

/**
 * Attributes of spans: OpenTelemetry's semantic conventions for RPC and generative AI where they have one, else {@code kvern.*}.
 * Stateless.
 */
public final class SpanAttributes {
    public static final AttributeKey<String> REQUEST_ID = AttributeKey.stringKey("kvern.request_id");
    public static final AttributeKey<String> RUNNER = AttributeKey.stringKey("kvern.runner");
    public static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("kvern.outcome");
    public static final AttributeKey<Long> CHUNKS = AttributeKey.longKey("kvern.chunks");
    public static final AttributeKey<Long> BYTES = AttributeKey.longKey("kvern.bytes");
    public static final AttributeKey<Long> KEYS = AttributeKey.longKey("kvern.keys");
    public static final AttributeKey<Long> HITS = AttributeKey.longKey("kvern.hits");
    public static final AttributeKey<Long> COMPUTED_TOKENS = AttributeKey.longKey("kvern.computed_tokens");
    public static final AttributeKey<Long> LOCAL_TOKENS = AttributeKey.longKey("kvern.cached_local_tokens");
    public static final AttributeKey<Long> HOST_TOKENS = AttributeKey.longKey("kvern.cached_host_tokens");
    public static final AttributeKey<Long> CLUSTER_TOKENS = AttributeKey.longKey("kvern.cached_cluster_tokens");

    static final AttributeKey<String> SERVER_ADDRESS = AttributeKey.stringKey("server.address");
    static final AttributeKey<String> CANCELLED = AttributeKey.stringKey("kvern.cancelled");

    private static final AttributeKey<String> OPERATION = AttributeKey.stringKey("gen_ai.operation.name");
    private static final AttributeKey<String> PROVIDER = AttributeKey.stringKey("gen_ai.provider.name");
    private static final AttributeKey<String> MODEL = AttributeKey.stringKey("gen_ai.request.model");
    private static final AttributeKey<Long> MAX_TOKENS = AttributeKey.longKey("gen_ai.request.max_tokens");
    private static final AttributeKey<Double> TEMPERATURE = AttributeKey.doubleKey("gen_ai.request.temperature");
    private static final AttributeKey<Double> TOP_P = AttributeKey.doubleKey("gen_ai.request.top_p");
    private static final AttributeKey<Long> INPUT_TOKENS = AttributeKey.longKey("gen_ai.usage.input_tokens");
    public static final AttributeKey<Long> OUTPUT_TOKENS = AttributeKey.longKey("gen_ai.usage.output_tokens");
    private static final AttributeKey<Long> CACHED_TOKENS =
            AttributeKey.longKey("gen_ai.usage.cache_read.input_tokens");
    private static final AttributeKey<List<String>> FINISH_REASONS =
            AttributeKey.stringArrayKey("gen_ai.response.finish_reasons");

    private SpanAttributes() {}

    static SpanBuilder of(SpanBuilder span, MethodDescriptor<?, ?> method) {
        return span.setAttribute("rpc.system", "grpc")
                .setAttribute("rpc.service", String.valueOf(method.getServiceName()))
                .setAttribute("rpc.method", String.valueOf(method.getBareMethodName()));
    }

    static void ended(Span span, Status status) {
        span.setAttribute("rpc.grpc.status_code", status.getCode().value());
    }

    /** What a request asks for. */
    public static void request(Span span, GenerateRequest request) {
        if (!span.isRecording()) {
            return;
        }
        boolean chat = request.getPrompt().getContentCase() == Prompt.ContentCase.CHAT;
        span.setAttribute(OPERATION, chat ? "chat" : "text_completion");
        span.setAttribute(PROVIDER, "kvern");
        if (!request.getModel().isEmpty()) {
            span.setAttribute(MODEL, request.getModel());
        }
        if (request.hasMaxTokens()) {
            span.setAttribute(MAX_TOKENS, request.getMaxTokens());
        }
        if (request.getSampling().hasTemperature()) {
            span.setAttribute(TEMPERATURE, (double) request.getSampling().getTemperature());
        }
        if (request.getSampling().hasTopP()) {
            span.setAttribute(TOP_P, (double) request.getSampling().getTopP());
        }
    }

    /** What a request took. */
    public static void usage(Span span, Usage usage, FinishReason reason) {
        if (!span.isRecording()) {
            return;
        }
        span.setAttribute(INPUT_TOKENS, usage.getPromptTokens());
        span.setAttribute(OUTPUT_TOKENS, usage.getCompletionTokens());
        span.setAttribute(
                CACHED_TOKENS,
                (long) usage.getCachedLocalTokens() + usage.getCachedHostTokens() + usage.getCachedClusterTokens());
        span.setAttribute(LOCAL_TOKENS, usage.getCachedLocalTokens());
        span.setAttribute(HOST_TOKENS, usage.getCachedHostTokens());
        span.setAttribute(CLUSTER_TOKENS, usage.getCachedClusterTokens());
        span.setAttribute(COMPUTED_TOKENS, usage.getComputedTokens());
        if (reason != FinishReason.FINISH_REASON_UNSPECIFIED) {
            span.setAttribute(FINISH_REASONS, List.of(reason == FinishReason.FINISH_REASON_LENGTH ? "length" : "stop"));
        }
    }
}
