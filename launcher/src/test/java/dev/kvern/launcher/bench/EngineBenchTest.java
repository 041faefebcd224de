package dev.kvern.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.runner.model.DeviceSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the benchmark measures what it says, on a tiny model. How fast that is says nothing. */
class EngineBenchTest {
    /** Every work takes this peer a quarter of a second. */
    private static final String PEER = """
            #!/bin/sh
            while read -r line; do
                case $line in
                    *'"op":"load"'*) echo '{"versions": "of a test"}' ;;
                    *) echo '{"seconds": 0.25, "tokens": []}' ;;
                esac
            done
            """;

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    private BenchRows run(String python, List<String> types) throws IOException {
        var settings = new EngineBench.Settings(DeviceSpec.CPU, python, types, 1, 2, true);
        return new EngineBench(
                        TinyModel.write(directory.resolve("model")),
                        settings,
                        new PrintStream(printed, true, StandardCharsets.UTF_8))
                .run();
    }

    @Test
    void withoutAPeerItGivesItsOwnFigures() throws IOException {
        BenchRows rows = run(directory.resolve("no-python").toString(), List.of("fp32", "bf16"));
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("NO PEER", "no-python", "--python");
        assertThat(rows.all())
                .extracting(row -> row.subject() + ", " + row.variant())
                .containsExactly(
                        "memory read, torch",
                        "matrix product, torch bf16",
                        "matrix product, torch fp32",
                        "prefill 128, kvern fp32",
                        "prefill 128, kvern bf16",
                        "decode at 128, kvern fp32",
                        "decode at 128, kvern bf16",
                        "4 requests, mixed, kvern fp32",
                        "4 requests, mixed, kvern bf16",
                        "divergence from fp32, kvern bf16",
                        "greedy agreement with fp32, kvern bf16");
        assertThat(rows.all()).allSatisfy(row -> assertThat(row.figure("ratio")).isEmpty());
        assertThat(rows.find("prefill 128", "kvern bf16")
                        .orElseThrow()
                        .figure("limit_share")
                        .orElse(0))
                .isPositive();
        double divergence = median(rows, "divergence from fp32", "kvern bf16");
        assertThat(divergence).isBetween(1e-9, 0.1);
        assertThat(median(rows, "greedy agreement with fp32", "kvern bf16")).isBetween(0.5, 1.0);
    }

    @Test
    void comparesWithAPeer() throws IOException {
        Path peer = Files.writeString(directory.resolve("peer.sh"), PEER);
        Files.setPosixFilePermissions(peer, PosixFilePermissions.fromString("rwxr-xr-x"));
        BenchRows rows = run(peer.toString(), List.of("fp32"));
        assertThat(median(rows, "prefill 128", "transformers fp32")).isEqualTo(128 / 0.25);
        assertThat(median(rows, "decode at 128", "transformers fp32")).isEqualTo(16 / 0.25);
        BenchRow own = rows.find("prefill 128", "kvern fp32").orElseThrow();
        assertThat(own.samples().values()).hasSize(2);
        assertThat(own.figure("ratio")).hasValue(own.samples().median() / 512);
        assertThat(median(rows, "tokens like the peer's", "kvern fp32")).isZero();

        Path file = directory.resolve("rows.json");
        rows.writeJson(file);
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(json).hasSize(rows.all().size()).allSatisfy(row -> {
            assertThat(row.fieldNames())
                    .toIterable()
                    .startsWith("bench", "case", "variant", "median", "min", "max", "unit", "ratio");
            assertThat(row.get("bench").asText()).isEqualTo("engine");
            assertThat(row.get("min").asDouble())
                    .isLessThanOrEqualTo(row.get("max").asDouble());
        });
    }

    private static double median(BenchRows rows, String subject, String variant) {
        return rows.find(subject, variant).orElseThrow().samples().median();
    }
}
