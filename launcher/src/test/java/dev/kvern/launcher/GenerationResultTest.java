package dev.kvern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.Usage;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class GenerationResultTest {
    private final AtomicLong nanos = new AtomicLong(TimeUnit.SECONDS.toNanos(5));
    private final GenerationResult result = new GenerationResult(nanos::get);

    @Test
    void collectsWhatComes() {
        after(20)
                .add(GenerateResponse.newBuilder()
                        .setRequestId("r")
                        .setRunnerId("runner-1")
                        .build());
        after(30)
                .add(GenerateResponse.newBuilder()
                        .addTokenIds(7)
                        .setTextDelta("Hel")
                        .build());
        after(40)
                .add(GenerateResponse.newBuilder()
                        .addTokenIds(8)
                        .addTokenIds(9)
                        .setTextDelta("lo")
                        .build());
        after(50)
                .add(GenerateResponse.newBuilder()
                        .setRequestId("r")
                        .setTextDelta("!")
                        .setFinishReason(FinishReason.FINISH_REASON_STOP)
                        .setUsage(Usage.newBuilder()
                                .setPromptTokens(100)
                                .setCachedLocalTokens(8)
                                .setCachedHostTokens(8)
                                .setCachedClusterTokens(64)
                                .setComputedTokens(20)
                                .setCompletionTokens(3)
                                .setTtftMillis(31.5)
                                .setFetchMillis(2.25))
                        .build());

        assertThat(result.text()).isEqualTo("Hello!");
        assertThat(result.tokens()).containsExactly(7, 8, 9);
        assertThat(result.runner()).isEqualTo("runner-1");
        assertThat(result.ttftMillis())
                .as("to the first token, not the first response")
                .isEqualTo(50);
        assertThat(result.summary())
                .contains(
                        "prompt 100 tokens: 8 from the runner's pool, 8 from its host memory, 64 from the cluster, 20 computed")
                .contains("completion 3 tokens (stop)")
                .contains("first token after 50.0 ms (31.5 ms in the runner, of that 0.0 ms queued, 2.3 ms fetching)")
                .contains("runner runner-1");
        assertThat(result.toJson())
                .containsEntry("request_id", "r")
                .containsEntry("text", "Hello!")
                .containsEntry("output_token_ids", List.of(7, 8, 9))
                .containsEntry("finish_reason", "stop")
                .containsEntry("cached_tokens", 80)
                .containsEntry("cached_host_tokens", 8)
                .containsEntry("ttft_ms", 50.0);
    }

    @Test
    void anAnswerThatWasCutOffIsUnfinished() {
        after(1).add(GenerateResponse.newBuilder().addTokenIds(7).build());
        assertThat(result.toJson()).containsEntry("finish_reason", "unfinished");
        assertThat(result.summary()).contains("(unfinished)");
    }

    private GenerationResult after(long millis) {
        nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
        return result;
    }
}
