package dev.kvern.coordinator.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GenerationTest {
    private static final ObjectNode NONE = JsonNodeFactory.instance.objectNode();

    private final ScriptedFront front = new ScriptedFront();
    private final Recorded answer = new Recorded();

    /** Notes what it is given. */
    private static final class Recorded implements Answer {
        private final List<String> parts = new ArrayList<>();
        private boolean full;
        private ObjectNode usage = NONE;
        private Optional<ApiError> error = Optional.empty();

        @Override
        public boolean part(int choice, GenerateResponse response) {
            parts.add(choice + ":" + response.getTextDelta());
            return true;
        }

        @Override
        public boolean isFull() {
            return full;
        }

        @Override
        public void end(ObjectNode of) {
            usage = of;
        }

        @Override
        public void fail(ApiError with) {
            error = Optional.of(with);
        }
    }

    @AfterEach
    void close() {
        front.close();
    }

    private Generation start(String fields) {
        ApiRequest request = new CompletionReader()
                .read(("{" + fields + "}").replace('\'', '"').getBytes(StandardCharsets.UTF_8));
        var generation =
                new Generation(request, "id", GenerationServiceGrpc.newStub(front.channel()), Runnable::run, answer);
        generation.start();
        return generation;
    }

    @Test
    void oneChoiceIsOneCall() {
        start("'prompt': 'a', 'seed': 5");
        ScriptedFront.Call call = front.next();
        assertThat(call.request().getRequestId()).isEqualTo("id");
        assertThat(call.request().getPrompt().getText()).isEqualTo("a");
        assertThat(call.request().getSampling().getSeed()).isEqualTo(5);
        call.token("x");
        assertThat(answer.usage).isSameAs(NONE);
        call.end(FinishReason.FINISH_REASON_STOP);
        assertThat(answer.parts).containsExactly("0:x", "0:");
        assertThat(answer.usage)
                .hasToString("{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12,"
                        + "\"prompt_tokens_details\":{\"cached_tokens\":4}}");
        assertThat(front.calls).isEmpty();
    }

    @Test
    void otherChoicesFollowTheFirstToItsRunnerOnceItHasAToken() {
        start("'prompt': 'a', 'n': 3, 'seed': 5");
        ScriptedFront.Call first = front.next();
        assertThat(first.request().hasRunnerId()).isFalse();
        assertThat(front.calls).isEmpty();
        first.token("x");
        ScriptedFront.Call second = front.next();
        ScriptedFront.Call third = front.next();
        assertThat(second.request().getRunnerId()).isEqualTo("runner-7");
        assertThat(second.request().getRequestId()).isEqualTo("id-1");
        assertThat(second.request().getSampling().getSeed()).isEqualTo(6);
        assertThat(third.request().getSampling().getSeed()).isEqualTo(7);
        first.token("y");
        assertThat(front.calls).isEmpty();
        third.end(FinishReason.FINISH_REASON_STOP);
        first.end(FinishReason.FINISH_REASON_STOP);
        assertThat(answer.usage).isSameAs(NONE);
        second.end(FinishReason.FINISH_REASON_STOP);
        assertThat(answer.usage.path("prompt_tokens").asInt()).isEqualTo(10);
        assertThat(answer.usage.path("completion_tokens").asInt()).isEqualTo(6);
        assertThat(answer.parts).containsExactly("0:x", "0:y", "2:", "0:", "1:");
    }

    @Test
    void aChoiceWhoseRunnerCannotTakeItGoesToAnyOther() {
        start("'prompt': 'a', 'n': 2");
        ScriptedFront.Call first = front.next();
        first.token("x");
        front.next().responses().onError(Status.NOT_FOUND.asRuntimeException());
        ScriptedFront.Call again = front.next();
        assertThat(again.request().hasRunnerId()).isFalse();
        assertThat(again.request().getRequestId()).isEqualTo("id-1");
        again.end(FinishReason.FINISH_REASON_STOP);
        first.end(FinishReason.FINISH_REASON_STOP);
        assertThat(answer.usage).isNotSameAs(NONE);
        assertThat(answer.error).isEmpty();
    }

    @Test
    void severalPromptsBeginAtOnce() {
        start("'prompt': ['a', 'b'], 'n': 2");
        ScriptedFront.Call a = front.next();
        ScriptedFront.Call b = front.next();
        assertThat(b.request().getPrompt().getText()).isEqualTo("b");
        b.token("x");
        assertThat(front.next().request().getRequestId()).isEqualTo("id-3");
        a.token("y");
        assertThat(front.next().request().getRequestId()).isEqualTo("id-1");
        assertThat(answer.parts).containsExactly("2:x", "0:y");
    }

    @Test
    void whatOneChoiceFailsOfEndsAll() {
        start("'prompt': 'a', 'n': 2");
        ScriptedFront.Call first = front.next();
        first.token("x");
        ScriptedFront.Call second = front.next();
        second.token("y");
        second.responses()
                .onError(Status.UNAVAILABLE.withDescription("runner r: gone").asRuntimeException());
        assertThat(answer.error.map(ApiError::status)).hasValue(503);
        assertThat(first.awaitCancelled()).isTrue();
        assertThat(front.calls).isEmpty();
    }

    @Test
    void aClientThatGoesCancelsEveryCall() {
        Generation generation = start("'prompt': 'a', 'n': 2");
        ScriptedFront.Call first = front.next();
        first.token("x");
        ScriptedFront.Call second = front.next();
        generation.cancelled();
        assertThat(first.awaitCancelled()).isTrue();
        assertThat(second.awaitCancelled()).isTrue();
        assertThat(answer.error).isEmpty();
        assertThat(answer.usage).isSameAs(NONE);
    }

    @Test
    void aClientThatTakesNothingIsSentNothing() {
        Generation generation = start("'prompt': 'a'");
        ScriptedFront.Call call = front.next();
        answer.full = true;
        call.token("x");
        assertThat(call.responses().isReady()).isFalse();
        call.token("y");
        assertThat(answer.parts).containsExactly("0:x");
        generation.drained();
        assertThat(answer.parts).as("still full").containsExactly("0:x");
        answer.full = false;
        generation.drained();
        assertThat(answer.parts).containsExactly("0:x", "0:y");
        assertThat(call.responses().isReady()).isTrue();
    }
}
