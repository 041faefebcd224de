package dev.kvern.launcher;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.SamplingParameters;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kvern generate}. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        description = "Generates text, streamed as it comes, and says what of the prompt was cached.")
final class GenerateCommand implements Callable<Integer> {
    @Mixin
    private TargetOption target = new TargetOption();

    @ArgGroup(multiplicity = "1")
    private PromptOptions prompt = new PromptOptions();

    @Option(names = "--model", paramLabel = "NAME", description = "Which model; may be left out if only one is served.")
    private String model = "";

    @Option(names = "--max-tokens", paramLabel = "N", description = "Most tokens to generate.")
    private @Nullable Integer maxTokens;

    @Option(names = "--temperature", paramLabel = "T", description = "0 is greedy; left out: the model's default.")
    private @Nullable Float temperature;

    @Option(names = "--seed", paramLabel = "N", description = "Makes sampling repeatable.")
    private @Nullable Long seed;

    @Option(names = "--runner", paramLabel = "ID", description = "Run on this runner and no other.")
    private @Nullable String runner;

    @Option(names = "--cache-salt", paramLabel = "TEXT", description = "Share blocks only with requests of this salt.")
    private @Nullable String salt;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "600",
            description = "Longest wait for the whole answer (default: ${DEFAULT-VALUE}).")
    private long timeoutSeconds;

    @Option(names = "--json", description = "Print one JSON object at the end instead of text.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        ManagedChannel channel = target.connect();
        try {
            GenerateRequest request = request();
            var result = new GenerationResult(System::nanoTime);
            GenerationServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(timeoutSeconds, TimeUnit.SECONDS)
                    .generate(request)
                    .forEachRemaining(response -> {
                        result.add(response);
                        if (!json) {
                            System.out.print(response.getTextDelta());
                            System.out.flush();
                        }
                    });
            if (json) {
                System.out.println(new ObjectMapper()
                        .enable(SerializationFeature.INDENT_OUTPUT)
                        .writeValueAsString(result.toJson()));
            } else {
                System.out.println();
                System.out.println();
                System.out.println(result.summary());
            }
            return 0;
        } finally {
            channel.shutdownNow();
        }
    }

    private GenerateRequest request() {
        var sampling = SamplingParameters.newBuilder();
        if (temperature != null) {
            sampling.setTemperature(temperature);
        }
        if (seed != null) {
            sampling.setSeed(seed);
        }
        var request = GenerateRequest.newBuilder()
                .setModel(model)
                .setPrompt(prompt.prompt())
                .setSampling(sampling);
        if (maxTokens != null) {
            request.setMaxTokens(maxTokens);
        }
        if (runner != null) {
            request.setRunnerId(runner);
        }
        if (salt != null) {
            request.setCacheSalt(salt);
        }
        return request.build();
    }
}
