package dev.kvern.launcher.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.runner.model.ModelDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Hugging Face's transformers with the same checkpoint, in a Python process. Confined to a thread. */
final class TransformersPeer implements Contender {
    private static final Set<String> TYPES = Set.of("fp32", "bf16", "fp16");

    private final PeerProcess process;
    private final String name;
    private final String type;
    private final int kvBytesPerToken;
    private final String versions;

    private TransformersPeer(PeerProcess process, String name, String type, int kvBytesPerToken, String versions) {
        this.process = process;
        this.name = name;
        this.type = type;
        this.kvBytesPerToken = kvBytesPerToken;
        this.versions = versions;
    }

    /**
     * Starts the process and loads the model. A type that transformers cannot compute in by itself, such as int8, is compared
     * with fp32.
     *
     * @throws dev.kvern.rpc.KvernException UNAVAILABLE with the reason if that does not work
     */
    static TransformersPeer load(String python, ModelDirectory model, String device, String type, int threads) {
        String own = TYPES.contains(type) ? type : "fp32";
        PeerProcess process = PeerProcess.start(python);
        try {
            JsonNode loaded = process.ask(Map.of(
                    "op",
                    "load",
                    "model",
                    model.path().toAbsolutePath().toString(),
                    "device",
                    device,
                    "dtype",
                    own,
                    "threads",
                    threads));
            // Measured anew beside each type, so it is not the same contender as beside fp32.
            String name = "transformers " + own + (own.equals(type) ? "" : " beside " + type);
            int kvBytesPerToken = model.config().kvValuesPerToken() * ModelCost.bytes(own);
            return new TransformersPeer(
                    process, name, own, kvBytesPerToken, loaded.path("versions").asText());
        } catch (RuntimeException e) {
            process.close();
            throw e;
        }
    }

    /** Of transformers and what it runs on. */
    String versions() {
        return versions;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String type() {
        return type;
    }

    @Override
    public int kvBytesPerToken() {
        return kvBytesPerToken;
    }

    @Override
    public Outcome run(EngineWork work) {
        JsonNode answer = process.ask(Map.of(
                "op",
                work.kind().lowerCase(),
                "requests",
                work.requests().stream()
                        .map(r -> Map.of("prompt", r.prompt(), "tokens", r.tokens()))
                        .toList()));
        var tokens = new ArrayList<List<Integer>>();
        for (JsonNode request : answer.path("tokens")) {
            var ids = new ArrayList<Integer>();
            request.forEach(id -> ids.add(id.asInt()));
            tokens.add(ids);
        }
        return new Outcome(answer.path("seconds").asDouble(), tokens);
    }

    @Override
    public void close() {
        process.close();
    }
}
