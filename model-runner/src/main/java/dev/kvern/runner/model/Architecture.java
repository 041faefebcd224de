package dev.kvern.runner.model;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The families of decoder-only transformers that are supported, by the name config.json gives them. */
public enum Architecture {
    /** Llama 2 and 3 and what shares their layout. */
    LLAMA("LlamaForCausalLM"),
    /** Llama with biases on query, key and value, and an optional sliding window on the upper layers. */
    QWEN2("Qwen2ForCausalLM"),
    /** Llama with a norm on each query and key head, and an optional sliding window on the upper layers. */
    QWEN3("Qwen3ForCausalLM"),
    /** Llama with a sliding window on all layers. */
    MISTRAL("MistralForCausalLM");

    private final String className;

    Architecture(String className) {
        this.className = className;
    }

    /** The name in config.json's {@code architectures}. */
    public String className() {
        return className;
    }

    static Optional<Architecture> of(String className) {
        return Arrays.stream(values())
                .filter(a -> a.className.equals(className))
                .findFirst();
    }

    static String supported() {
        return Arrays.stream(values()).map(Architecture::className).collect(Collectors.joining(", ", "one of ", ""));
    }
}
