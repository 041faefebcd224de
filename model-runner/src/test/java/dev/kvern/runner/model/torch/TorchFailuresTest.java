package dev.kvern.runner.model.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDManager;
import dev.kvern.runner.model.ComputeType;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.OutOfDeviceMemoryException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFailuresTest {
    private static final String TRACE = """
            The following operation failed in the TorchScript interpreter.
            Traceback of TorchScript (most recent call last):
              File "code/__torch__.py", line 1, in step
                # What is said here of not enough memory is a comment.
                y = torch.linear(x, weight)
                    ~~~~~~~~~~~~ <--- HERE
            RuntimeError: %s
            """;

    @Test
    void anAllocationThatTheCpuRefuses() {
        TorchRuntime.start(0);
        PtNDManager manager = TorchRuntime.newManager();
        try (DecoderProgram program = DecoderProgram.load(manager)) {
            var failure = catchThrowableOfType(
                    EngineException.class,
                    () -> program.empty(manager, new long[] {1L << 46}, ComputeType.FP32, DeviceSpec.CPU));
            assertThat(TorchFailures.of(failure))
                    .isInstanceOf(OutOfDeviceMemoryException.class)
                    .hasMessageContaining("281474976710656 bytes")
                    .hasCause(failure);
        } finally {
            manager.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which 1 is free",
                "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
                "CUDA error: out of memory"
            })
    void whatCudaSays(String text) {
        assertThat(TorchFailures.of(new EngineException(TRACE.formatted(text))))
                .isInstanceOf(OutOfDeviceMemoryException.class)
                .hasMessage(text);
        assertThat(TorchFailures.isOutOfMemory(new EngineException(text))).isTrue();
    }

    @Test
    void otherFailuresStayWhatTheyAre() {
        var failure = new EngineException(TRACE.formatted("mat1 and mat2 shapes cannot be multiplied"));
        assertThat(TorchFailures.of(failure)).isSameAs(failure);
        assertThat(TorchFailures.reason(failure)).isEqualTo("mat1 and mat2 shapes cannot be multiplied");
    }
}
