package dev.kvern.runner.model.torch;

import ai.djl.engine.EngineException;
import dev.kvern.runner.model.OutOfDeviceMemoryException;
import java.util.List;
import java.util.Locale;

/** Tells want of memory from PyTorch's other failures, which all arrive as one type and differ in their text. Stateless. */
final class TorchFailures {
    /** What the allocators of CUDA and of the CPU say, and the libraries that allocate for themselves. */
    private static final List<String> OUT_OF_MEMORY = List.of(
            "out of memory",
            "can't allocate memory",
            "cannot allocate memory",
            "not enough memory",
            "cublas_status_alloc_failed",
            "cudnn_status_alloc_failed",
            "cudaerrormemoryallocation");

    /** Before this a failure in TorchScript shows where in the program it happened. */
    private static final String REASON = "RuntimeError: ";

    private TorchFailures() {}

    /** The failure as the model's callers know it. */
    static RuntimeException of(EngineException failure) {
        return isOutOfMemory(failure) ? new OutOfDeviceMemoryException(reason(failure), failure) : failure;
    }

    /** Whether a device, or the host, had no memory left. */
    static boolean isOutOfMemory(EngineException failure) {
        String text = reason(failure).toLowerCase(Locale.ROOT);
        return OUT_OF_MEMORY.stream().anyMatch(text::contains);
    }

    /** The one line that says what went wrong. */
    static String reason(RuntimeException failure) {
        String text = String.valueOf(failure.getMessage());
        return text.lines()
                .filter(line -> line.startsWith(REASON))
                .map(line -> line.substring(REASON.length()))
                .findFirst()
                .orElseGet(() -> text.lines().findFirst().orElse(""));
    }
}
