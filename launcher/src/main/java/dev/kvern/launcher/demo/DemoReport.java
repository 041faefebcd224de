package dev.kvern.launcher.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.kvern.launcher.TextTable;
import dev.kvern.v1.Usage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the demo's requests say together. Confined to a thread. */
final class DemoReport {
    private final List<DemoResult> results = new ArrayList<>();

    /**
     * A prompt computed on one runner and the same long prefix fetched by the other.
     *
     * @param cold the first request of its prefix
     * @param warm a later one, on the other runner
     */
    record Pair(DemoResult cold, DemoResult warm) {
        /** How many times sooner the first token came. */
        double ratio() {
            return cold.answer().ttftMillis() / warm.answer().ttftMillis();
        }
    }

    void add(DemoResult result) {
        results.add(result);
    }

    /** Pairs of a cold request and one that took its prefix from the cluster, in order. */
    List<Pair> pairs() {
        var pairs = new ArrayList<Pair>();
        for (DemoResult warm : results) {
            if (warm.warmFromCluster()) {
                results.stream()
                        .filter(r -> r.cold()
                                && r.prefixGroup().equals(warm.prefixGroup())
                                && !r.answer().runner().equals(warm.answer().runner()))
                        .findFirst()
                        .ifPresent(cold -> pairs.add(new Pair(cold, warm)));
            }
        }
        return pairs;
    }

    /** The pair with the longest prompt. */
    Optional<Pair> longest() {
        return pairs().stream()
                .max(Comparator.comparingInt(p -> p.warm().usage().getPromptTokens()));
    }

    long requested() {
        return results.stream().mapToLong(r -> r.usage().getPromptTokens()).sum();
    }

    long local() {
        return results.stream().mapToLong(r -> r.usage().getCachedLocalTokens()).sum();
    }

    long host() {
        return results.stream().mapToLong(r -> r.usage().getCachedHostTokens()).sum();
    }

    long cluster() {
        return results.stream()
                .mapToLong(r -> r.usage().getCachedClusterTokens())
                .sum();
    }

    long saved() {
        return local() + host() + cluster();
    }

    double hitRate() {
        return requested() == 0 ? 0 : (double) saved() / requested();
    }

    /** The closing table. */
    String table() {
        var table = new TextTable(
                "conversation", "runner", "prompt", "local", "host", "cluster", "computed", "hit", "TTFT ms");
        for (DemoResult result : results) {
            Usage usage = result.usage();
            long hits = result.answer().cachedTokens();
            table.add(
                    result.conversation(),
                    result.answer().runner(),
                    usage.getPromptTokens(),
                    usage.getCachedLocalTokens(),
                    usage.getCachedHostTokens(),
                    usage.getCachedClusterTokens(),
                    usage.getComputedTokens(),
                    String.format("%.0f %%", 100.0 * hits / usage.getPromptTokens()),
                    String.format("%.1f", result.answer().ttftMillis()));
        }
        table.add(
                "all",
                "",
                requested(),
                local(),
                host(),
                cluster(),
                requested() - saved(),
                String.format("%.1f %%", 100 * hitRate()),
                "");
        return table.toString();
    }

    void writeJson(Path file) throws IOException {
        var requests = new ArrayList<Map<String, Object>>();
        for (DemoResult result : results) {
            Usage usage = result.usage();
            var request = new LinkedHashMap<String, Object>();
            request.put("conversation", result.conversation());
            request.put("title", result.title());
            request.put("prompt", result.prompt());
            request.put("runner", result.answer().runner());
            request.put("prompt_tokens", usage.getPromptTokens());
            request.put("cached_local_tokens", usage.getCachedLocalTokens());
            request.put("cached_host_tokens", usage.getCachedHostTokens());
            request.put("cached_cluster_tokens", usage.getCachedClusterTokens());
            request.put("computed_tokens", usage.getComputedTokens());
            request.put("ttft_ms", result.answer().ttftMillis());
            request.put("runner_ttft_ms", usage.getTtftMillis());
            request.put("fetch_ms", usage.getFetchMillis());
            request.put("output_token_ids", result.answer().tokens());
            request.put("output_text", result.answer().text());
            requests.add(request);
        }
        var totals = new LinkedHashMap<String, Object>();
        totals.put("requests", results.size());
        totals.put("prompt_tokens", requested());
        totals.put("cached_local_tokens", local());
        totals.put("cached_host_tokens", host());
        totals.put("cached_cluster_tokens", cluster());
        totals.put("computed_tokens", requested() - saved());
        totals.put("hit_rate", hitRate());
        totals.put("tokens_saved", saved());
        // Of the longest prompt; absent when there was no such pair.
        totals.put("ttft_cold_over_cluster_hit", longest().map(Pair::ratio).orElse(null));
        var json = new LinkedHashMap<String, Object>();
        json.put("requests", requests);
        json.put("totals", totals);
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), json);
    }
}
