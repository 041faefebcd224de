package dev.kvern.coordinator.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.rpc.Failures;
import io.grpc.Metadata;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrpcErrorsTest {
    private static ApiError of(Status.Code code, String message) {
        return GrpcErrors.of(Status.fromCode(code).withDescription(message).asRuntimeException());
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", textBlock = """
            INVALID_ARGUMENT,   400, invalid_request_error, -
            NOT_FOUND,          404, invalid_request_error, not_found
            RESOURCE_EXHAUSTED, 429, rate_limit_error,      rate_limit_exceeded
            UNAVAILABLE,        503, server_error,          unavailable
            DEADLINE_EXCEEDED,  504, server_error,          timeout
            INTERNAL,           500, server_error,          -
            UNKNOWN,            500, server_error,          -
            """)
    void eachStatusHasItsOwn(Status.Code code, int status, String type, @Nullable String name) {
        ApiError error = of(code, "what happened");
        assertThat(error.status()).isEqualTo(status);
        assertThat(error.type()).isEqualTo(type);
        assertThat(error.code()).isEqualTo(name);
        assertThat(error.message()).isEqualTo("what happened");
        assertThat(error.retryAfterMillis().isPresent()).isEqualTo(status == 429 || status == 503);
    }

    @Test
    void aModelThatNobodyServesHasACodeOfItsOwn() {
        ApiError error = of(Status.Code.NOT_FOUND, "model: 'gpt-9' (expected: one of [demo])");
        assertThat(error.status()).isEqualTo(404);
        assertThat(error.code()).isEqualTo("model_not_found");
        assertThat(error.param()).isEqualTo("model");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            temperature: -1 (expected: a number of at least 0)                    | temperature | -
            stop[3]: '' (expected: at least 1 character)                          | stop        | -
            prompt.token_ids[7]: 99 (expected: 0 to 9)                            | prompt      | -
            prompt token 7: 99 (expected: 0 to 9)                                 | prompt      | -
            prompt.chat.messages: none (expected: at least 1)                     | messages    | -
            max_tokens: 9 (expected: at most 5: the context holds 8 tokens)       | max_tokens  | context_length_exceeded
            prompt: 9 tokens (expected: at most 7: the context holds 8 tokens)    | prompt      | context_length_exceeded
            the model is tired                                                    | -           | -
            """)
    void theFieldIsTheOneThatTheMessageBeginsWith(String message, @Nullable String param, @Nullable String code) {
        ApiError error = of(Status.Code.INVALID_ARGUMENT, message);
        assertThat(error.param()).isEqualTo(param);
        assertThat(error.code()).isEqualTo(code);
    }

    @Test
    void aFullQueueSaysWhenToComeAgain() {
        var trailers = new Metadata();
        trailers.put(Failures.RETRY_AFTER_MILLIS, "1700");
        assertThat(GrpcErrors.of(Status.RESOURCE_EXHAUSTED.asRuntimeException(trailers))
                        .retryAfterMillis())
                .hasValue(1_700);
    }
}
