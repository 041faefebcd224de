package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A soak of a few requests against real processes: that it reads and judges all of them. Whether memory is flat takes thousands. */
class SoakIT {
    private static final long LIMIT_SECONDS = 240;
    private static final int REQUESTS = 60;

    @TempDir
    private Path directory;

    @Test
    @Timeout(300)
    void everyProcessIsReadAndNoAnswerChanges() throws IOException, InterruptedException {
        BenchRun soak = BenchRun.of(
                directory,
                LIMIT_SECONDS,
                "soak",
                "--requests",
                String.valueOf(REQUESTS),
                "--model",
                Source.MODEL.toString());
        String printed = soak.printed();
        assertThat(printed).contains("after 0 requests", "after " + REQUESTS + " requests", "what happened");

        Map<String, JsonNode> rows = new HashMap<>();
        soak.rows()
                .forEach(row -> rows.put(
                        row.get("case").asText() + ", " + row.get("variant").asText(), row));
        for (String process : List.of("coordinator", "node", "runner-1", "runner-2")) {
            for (String figure : List.of("anonymous", "heap after GC", "direct", "threads", "files")) {
                JsonNode row = rows.get(process + ", " + figure);
                assertThat(row).as("%s of %s in%n%s", figure, process, printed).isNotNull();
                assertThat(row.get("samples")).hasSize(2);
                assertThat(row.get("min").asDouble()).isPositive();
                assertThat(row.get("judged").asBoolean()).isTrue();
            }
        }
        assertThat(count(rows, "answers that changed")).isZero();
        assertThat(count(rows, "requests unexpected")).isZero();
        assertThat(count(rows, "requests answered")
                        + count(rows, "requests cancelled")
                        + count(rows, "requests out of time")
                        + count(rows, "requests invalid"))
                .isEqualTo(REQUESTS);
        assertThat(count(rows, "tokens equal to the first answer's")).isPositive();

        // So few requests need not preempt anything or be refused; then it says so, and nothing else, and fails.
        JsonNode verdict = rows.get("verdict, ");
        verdict.get("failures")
                .forEach(failure -> assertThat(failure.asText()).contains("the soak says nothing about them"));
        assertThat(soak.exitValue()).isEqualTo(verdict.get("passed").asBoolean() ? 0 : 1);
    }

    private static int count(Map<String, JsonNode> rows, String what) {
        return rows.get("count, " + what).get("median").asInt();
    }
}
