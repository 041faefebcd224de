package dev.kvern.launcher;

import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.Usage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/** A generation as its caller sees it: what came, and when the first token did. Confined to a thread. */
public final class GenerationResult {
    private static final double NANOS_PER_MILLI = 1e6;

    private final LongSupplier nanoTime;
    private final long startedAt;
    private final StringBuilder text = new StringBuilder();
    private final List<Integer> tokens = new ArrayList<>();
    private String requestId = "";
    private String runner = "";
    private double ttftMillis;
    private FinishReason reason = FinishReason.FINISH_REASON_UNSPECIFIED;
    private Usage usage = Usage.getDefaultInstance();

    /** Starts the clock: the request is about to be sent. */
    public GenerationResult(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.startedAt = nanoTime.getAsLong();
    }

    /** Takes the next response. */
    public void add(GenerateResponse response) {
        if (tokens.isEmpty() && response.getTokenIdsCount() > 0) {
            ttftMillis = (nanoTime.getAsLong() - startedAt) / NANOS_PER_MILLI;
        }
        tokens.addAll(response.getTokenIdsList());
        text.append(response.getTextDelta());
        requestId = response.getRequestId();
        runner = response.getRunnerId().isEmpty() ? runner : response.getRunnerId();
        if (response.hasUsage()) {
            usage = response.getUsage();
            reason = response.getFinishReason();
        }
    }

    public String text() {
        return text.toString();
    }

    /** Token ids generated, in order. */
    public List<Integer> tokens() {
        return List.copyOf(tokens);
    }

    /** The runner that computed. */
    public String runner() {
        return runner;
    }

    public Usage usage() {
        return usage;
    }

    /** Prompt tokens whose KV came from any cache. */
    public int cachedTokens() {
        return usage.getCachedLocalTokens() + usage.getCachedHostTokens() + usage.getCachedClusterTokens();
    }

    /** From before the request was sent to the first token's arrival here. */
    public double ttftMillis() {
        return ttftMillis;
    }

    String summary() {
        return String.format(
                "prompt %d tokens: %d from the runner's pool, %d from its host memory, %d from the cluster, %d computed; completion %d tokens (%s)%n"
                        + "first token after %.1f ms (%.1f ms in the runner, of that %.1f ms queued, %.1f ms fetching); runner %s",
                usage.getPromptTokens(),
                usage.getCachedLocalTokens(),
                usage.getCachedHostTokens(),
                usage.getCachedClusterTokens(),
                usage.getComputedTokens(),
                usage.getCompletionTokens(),
                finish(),
                ttftMillis,
                usage.getTtftMillis(),
                usage.getQueueMillis(),
                usage.getFetchMillis(),
                runner);
    }

    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("request_id", requestId);
        json.put("runner", runner);
        json.put("text", text.toString());
        json.put("output_token_ids", tokens);
        json.put("finish_reason", finish());
        json.put("prompt_tokens", usage.getPromptTokens());
        json.put("cached_tokens", cachedTokens());
        json.put("cached_local_tokens", usage.getCachedLocalTokens());
        json.put("cached_host_tokens", usage.getCachedHostTokens());
        json.put("cached_cluster_tokens", usage.getCachedClusterTokens());
        json.put("computed_tokens", usage.getComputedTokens());
        json.put("completion_tokens", usage.getCompletionTokens());
        json.put("ttft_ms", ttftMillis);
        json.put("runner_ttft_ms", usage.getTtftMillis());
        json.put("queue_ms", usage.getQueueMillis());
        json.put("fetch_ms", usage.getFetchMillis());
        return json;
    }

    private String finish() {
        return switch (reason) {
            case FINISH_REASON_STOP -> "stop";
            case FINISH_REASON_LENGTH -> "length";
            default -> "unfinished";
        };
    }
}
