package dev.kvern.telemetry;

import dev.kvern.config.Problems;
import java.net.URI;

/**
 * Where spans go.
 *
 * @param otlpEndpoint base address of an OTLP receiver over HTTP, such as {@code http://127.0.0.1:4318}; empty for none
 * @param sampleRatio part of the requests that are followed, 0 to 1, where the caller has not decided
 */
public record TelemetryConfig(String otlpEndpoint, double sampleRatio) {
    /** Notes what cannot be. */
    public void validate(Problems problems) {
        problems.check(
                otlpEndpoint.isEmpty() || isAddress(otlpEndpoint),
                "telemetry.otlp_endpoint",
                "'" + otlpEndpoint + "'",
                "http://HOST:PORT or https://HOST:PORT of an OTLP receiver, or '' for none");
        problems.check(sampleRatio >= 0 && sampleRatio <= 1, "telemetry.sample_ratio", sampleRatio, "0 to 1");
    }

    private static boolean isAddress(String endpoint) {
        try {
            URI uri = URI.create(endpoint);
            return ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
                    && uri.getHost() != null
                    && uri.getQuery() == null
                    && uri.getFragment() == null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Where spans are posted. */
    String tracesUrl() {
        return otlpEndpoint.replaceAll("/+$", "") + "/v1/traces";
    }
}
