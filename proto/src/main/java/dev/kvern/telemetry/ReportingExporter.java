package dev.kvern.telemetry;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says in the log when spans begin to be lost, and when that is over. Safe for use by several threads. */
final class ReportingExporter implements SpanExporter {
    private static final Logger log = LoggerFactory.getLogger(ReportingExporter.class);

    private final SpanExporter exporter;
    private final String target;
    private final AtomicBoolean losing = new AtomicBoolean();

    ReportingExporter(SpanExporter exporter, String target) {
        this.exporter = exporter;
        this.target = target;
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
        CompletableResultCode result = exporter.export(spans);
        return result.whenComplete(() -> report(result.isSuccess(), result.getFailureThrowable()));
    }

    private void report(boolean taken, @Nullable Throwable failure) {
        if (!taken && losing.compareAndSet(false, true)) {
            log.warn(
                    "telemetry.otlp_endpoint: spans are lost, {} does not take them{}",
                    target,
                    failure == null ? "" : ": " + failure.getMessage());
        } else if (taken && losing.compareAndSet(true, false)) {
            log.info("telemetry.otlp_endpoint: {} takes spans again", target);
        }
    }

    @Override
    public CompletableResultCode flush() {
        return exporter.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
        return exporter.shutdown();
    }
}
