package dev.kvern.runner.chat.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.runner.chat.TemplateVectors;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Everything the reference rendered, and everything it refused. */
class JinjaVectorsTest {
    private static final int SHOWN = 25;

    private final TemplateVectors vectors = TemplateVectors.load();

    @Test
    void publishedFormatsRenderByteForByte() {
        assertAgreement(vectors.chats());
    }

    @Test
    void smallAndRandomTemplatesRenderByteForByte() {
        assertAgreement(vectors.probes());
    }

    private void assertAgreement(List<TemplateVectors.Case> cases) {
        List<String> different = cases.stream().flatMap(this::difference).toList();
        assertThat(different.stream().limit(SHOWN))
                .as("%d of %d cases differ", different.size(), cases.size())
                .isEmpty();
    }

    private Stream<String> difference(TemplateVectors.Case given) {
        String text = null;
        String failure = null;
        String raised = null;
        try {
            text = Template.parse(given.template()).render(given.variables(), vectors.clock());
        } catch (SyntaxException e) {
            failure = e.getMessage();
        } catch (RenderException e) {
            failure = "line " + e.line() + ": " + e.getMessage();
            raised = e.raised() ? e.getMessage() : null;
        }
        if (Objects.equals(text, given.expected()) && Objects.equals(raised, given.raised())) {
            return Stream.empty();
        }
        return Stream.of(given.name() + "\n    expected " + shown(given.expected(), given.raised()) + "\n    but was  "
                + shown(text, failure) + "\n");
    }

    private static String shown(@Nullable String text, @Nullable String failure) {
        return text == null ? "a failure: " + failure : "'" + text.replace("\n", "\\n") + "'";
    }
}
