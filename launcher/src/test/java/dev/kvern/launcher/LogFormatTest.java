package dev.kvern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.LoggingEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogFormatTest {
    @Test
    void anEventIsOneLineWithAllThatIsKnown() throws IOException {
        var failure = new IllegalStateException("two\nlines", new IOException("why"));
        var event = new LoggingEvent(
                "fqcn",
                (Logger) LoggerFactory.getLogger("dev.kvern.Some"),
                Level.WARN,
                "said \"{}\"\n\u00e9\u2028",
                failure,
                new Object[] {"this"});
        event.setInstant(Instant.parse("2026-01-02T03:04:05.006007Z"));
        event.setThreadName("thread-1");
        event.setMDCPropertyMap(Map.of("request_id", "r-1", "trace_id", "abc"));
        String text = new String(new JsonLines().encode(event), StandardCharsets.UTF_8);
        assertThat(text).endsWith("}\n");
        assertThat(text.indexOf('\n')).as("the only end of line").isEqualTo(text.length() - 1);
        JsonNode line = new ObjectMapper().readTree(text);
        assertThat(line.get("timestamp").textValue()).isEqualTo("2026-01-02T03:04:05.006007Z");
        assertThat(line.get("level").textValue()).isEqualTo("WARN");
        assertThat(line.get("logger").textValue()).isEqualTo("dev.kvern.Some");
        assertThat(line.get("thread").textValue()).isEqualTo("thread-1");
        assertThat(line.get("message").textValue()).isEqualTo("said \"this\"\n\u00e9\u2028");
        assertThat(line.get("request_id").textValue()).isEqualTo("r-1");
        assertThat(line.get("trace_id").textValue()).isEqualTo("abc");
        assertThat(line.get("exception").textValue())
                .startsWith("java.lang.IllegalStateException: two\nlines")
                .contains("LogFormatTest", "Caused by: java.io.IOException: why");
    }

    @Test
    void anotherFormatIsRefused() {
        assertThatThrownBy(() -> LogFormat.choose(Map.of("KVERN_LOG_FORMAT", "xml"), "node"))
                .isInstanceOf(UsageException.class)
                .hasMessage("KVERN_LOG_FORMAT: 'xml' (expected: plain or json)");
    }
}
