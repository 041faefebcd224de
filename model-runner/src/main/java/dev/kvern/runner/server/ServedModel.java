package dev.kvern.runner.server;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.chat.ChatTemplate;
import dev.kvern.runner.model.ModelSpec;
import dev.kvern.runner.sampling.GenerationDefaults;
import dev.kvern.runner.text.Tokenizer;
import dev.kvern.v1.Model;
import java.util.Optional;

/**
 * The one model a runner serves, with what turns texts into its tokens.
 *
 * @param name what callers ask for
 * @param chat empty if the model has no chat template
 */
public record ServedModel(
        String name, ModelSpec spec, Tokenizer tokenizer, Optional<ChatTemplate> chat, GenerationDefaults defaults) {
    /** The model as ListModels and the member list show it. */
    public Model describe() {
        return Model.newBuilder()
                .setName(name)
                .setContextTokens(spec.contextTokens())
                .setVocabularySize(spec.vocabularySize())
                .setArchitecture(spec.architecture())
                .setContentDigest(spec.digest().toByteString())
                .setKvBytesPerToken(spec.kvBytesPerToken())
                .build();
    }

    /** @throws KvernException NOT_FOUND if a request asks for another model */
    void requireAsked(String model) {
        if (!model.isEmpty() && !model.equals(name)) {
            throw new KvernException(ErrorReason.NOT_FOUND, "model: '" + model + "' (expected: " + name + ")");
        }
    }
}
