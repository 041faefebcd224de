package dev.kvern.launcher.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.bench.soak.SoakRequest.Course;
import dev.kvern.launcher.bench.soak.SoakRequest.Reading;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.Prompt;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SoakWorkloadTest {
    private static final int REQUESTS = 4_000;
    private static final int VOCABULARY = 1_280;
    private static final int CONTEXT = 4_096;
    private static final List<String> RUNNERS = List.of("runner-1", "runner-2");

    private static List<SoakRequest> drawn(long seed, int count) {
        var workload = new SoakWorkload(seed, VOCABULARY, CONTEXT, RUNNERS);
        return IntStream.range(0, count).mapToObj(i -> workload.next()).toList();
    }

    @Test
    void equalSeedsGiveEqualRequests() {
        assertThat(drawn(7, 200)).isEqualTo(drawn(7, 200)).isNotEqualTo(drawn(8, 200));
    }

    @Test
    void everyKindComes() {
        List<SoakRequest> all = drawn(1, REQUESTS);
        assertThat(all).extracting(SoakRequest::course).contains(Course.values());
        assertThat(all).extracting(SoakRequest::reading).contains(Reading.values());
        assertThat(all).filteredOn(r -> r.course() == Course.CANCELLED).anyMatch(r -> r.cancelAfter() == 0);
        List<GenerateRequest> requests = all.stream().map(SoakRequest::request).toList();
        assertThat(requests)
                .anyMatch(GenerateRequest::hasRunnerId)
                .anyMatch(GenerateRequest::hasLogprobs)
                .anyMatch(r -> r.getStopCount() > 0)
                .anyMatch(r -> r.getPriority() < 0)
                .anyMatch(r -> r.getPriority() > 0)
                .anyMatch(r -> r.getSampling().getTemperature() > 0)
                .anyMatch(r -> r.getCache().hasWrite() && !r.getCache().getWrite())
                .anyMatch(r -> r.getPrompt().hasChat())
                .anyMatch(r -> r.getPrompt().hasText());
        assertThat(requests.stream().map(GenerateRequest::getCacheSalt).distinct())
                .hasSizeGreaterThan(100);
    }

    @Test
    void aPromptIsAskedOftenAndAlwaysTheSame() {
        Map<Integer, Prompt> prompts = new HashMap<>();
        int again = 0;
        for (SoakRequest request : drawn(1, REQUESTS)) {
            if (request.course() != Course.INVALID) {
                Prompt before = prompts.put(request.prompt(), request.request().getPrompt());
                again += before == null ? 0 : 1;
                assertThat(before == null || before.equals(request.request().getPrompt()))
                        .as("prompt %d", request.prompt())
                        .isTrue();
            }
        }
        assertThat(again).isGreaterThan(REQUESTS / 2);
        assertThat(prompts.size()).isGreaterThan(REQUESTS / 10);
    }

    @Test
    void whatIsToBeServedFitsIntoARunnersPool() {
        for (SoakRequest request : drawn(1, REQUESTS)) {
            if (request.course() != Course.INVALID) {
                int tokens = request.request().getPrompt().getTokenIds().getIdsCount();
                assertThat(tokens).isLessThanOrEqualTo(SoakPrompts.MOST_TOKENS);
                assertThat(tokens + request.request().getMaxTokens()).isLessThanOrEqualTo(SoakSettings.POOL_TOKENS);
                assertThat(request.request().getMaxTokens()).isPositive();
            }
        }
    }

    @Test
    void promptsShareBeginningsOfSeveralLengths() {
        var prompts = new SoakPrompts(1, VOCABULARY);
        var beginnings = new HashMap<List<Integer>, Integer>();
        for (int number = 0; number < 400; number++) {
            List<Integer> ids = prompts.prompt(number).getTokenIds().getIdsList();
            if (ids.size() > SoakSettings.CHUNK_TOKENS) {
                beginnings.merge(List.copyOf(ids.subList(0, SoakSettings.CHUNK_TOKENS)), 1, Integer::sum);
            }
        }
        assertThat(new HashSet<>(beginnings.values()))
                .anyMatch(times -> times > 20)
                .contains(1);
    }
}
