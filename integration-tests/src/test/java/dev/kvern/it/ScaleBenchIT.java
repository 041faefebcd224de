package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The benchmark of scale against real nodes: that it ends, and no stored block is lost. How fast that is, is not asserted. */
class ScaleBenchIT {
    private static final long LIMIT_SECONDS = 280;

    @TempDir
    private Path directory;

    @Test
    @Timeout(300)
    void fillsNodesAndLetsThemComeAndGoWithoutLosingABlock() throws IOException, InterruptedException {
        BenchRun bench = BenchRun.of(
                directory, LIMIT_SECONDS, "scale", "--quick", "--rounds", "1", "--part", "fill,join", "--seed", "1");
        String printed = bench.printed();
        assertThat(bench.exitValue()).as(printed).isZero();

        var seen = new ArrayList<String>();
        double moved = 0;
        for (JsonNode row : bench.rows()) {
            seen.add(row.get("case").asText() + " " + row.path("blocks").asText());
            if (row.get("case").asText().equals("blocks lost")) {
                assertThat(row.get("median").asDouble()).as(printed).isZero();
            } else if (row.get("unit").asText().equals("operations/s")) {
                assertThat(row.get("median").asDouble()).as("%s", row).isPositive();
                assertThat(row.get("ratio").asDouble()).as("%s", row).isPositive();
            } else if (row.has("not_found")) {
                assertThat(row.get("not_found").asInt()).as("%s", row).isZero();
                moved += row.get("variant").asText().equals("get")
                        ? row.get("moved_mb").asDouble()
                        : 0;
            }
        }
        assertThat(seen)
                .contains("GET of 1 1000", "GET of 1 10000", "Match of a chain 10000", "PUT of 8 new 10000")
                .contains("heap of a block 10000", "1 node ", "3 nodes ", "a node is drained ", "blocks lost ");
        // All of it to the second node, two thirds to the third: 400 blocks of 64 KiB.
        assertThat(moved).as(printed).isGreaterThan(40);
    }
}
