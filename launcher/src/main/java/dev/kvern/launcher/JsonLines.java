package dev.kvern.launcher;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Map;

/**
 * Log events as JSON, one object a line: timestamp (ISO 8601, UTC), level, logger, thread, message, what else is known of the event
 * (request_id, trace_id), the exception with its stack, and which process it is. Safe for use by several threads.
 */
public final class JsonLines extends EncoderBase<ILoggingEvent> {
    private static final byte[] NOTHING = {};
    private static final JsonFactory JSON = new JsonFactory();

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        var line = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(line)) {
            json.writeStartObject();
            json.writeStringField("timestamp", timestamp(event).toString());
            json.writeStringField("level", event.getLevel().toString());
            json.writeStringField("role", System.getProperty(LogFormat.ROLE, ""));
            json.writeStringField("id", System.getProperty(LogFormat.ID, ""));
            json.writeStringField("logger", event.getLoggerName());
            json.writeStringField("thread", event.getThreadName());
            json.writeStringField("message", event.getFormattedMessage());
            for (Map.Entry<String, String> field : event.getMDCPropertyMap().entrySet()) {
                json.writeStringField(field.getKey(), field.getValue());
            }
            IThrowableProxy failure = event.getThrowableProxy();
            if (failure != null) {
                json.writeStringField("exception", ThrowableProxyUtil.asString(failure));
            }
            json.writeEndObject();
            json.writeRaw('\n');
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return line.toByteArray();
    }

    private static Instant timestamp(ILoggingEvent event) {
        Instant exact = event.getInstant();
        return exact == null ? Instant.ofEpochMilli(event.getTimeStamp()) : exact;
    }
}
