package dev.kvern.runner.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * config.json to {@link ModelConfig}. Absent keys take the defaults that transformers gives the family; what would
 * change the arithmetic in a way not implemented here is refused, never ignored. Confined to a thread.
 */
final class ModelConfigReader {
    private static final double DEFAULT_THETA = 10_000;
    private static final double DEFAULT_EPS = 1e-6;
    private static final int MISTRAL_DEFAULT_WINDOW = 4096;
    private static final int QWEN_DEFAULT_WINDOW = 4096;
    private static final int QWEN_DEFAULT_MAX_WINDOW_LAYERS = 28;
    private static final int QWEN3_DEFAULT_HEAD_DIM = 128;

    private final ConfigJson json;

    private ModelConfigReader(ConfigJson json) {
        this.json = json;
    }

    static ModelConfig read(Path file) {
        JsonNode root;
        try {
            root = new ObjectMapper().readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    file + ": not JSON (expected: a JSON object): " + e.getOriginalMessage(),
                    e);
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED, file + ": cannot be read (expected: a model's config.json): " + e, e);
        }
        if (!root.isObject()) {
            throw KvernException.misconfigured(file.toString(), root.getNodeType(), "a JSON object");
        }
        var json = new ConfigJson(root);
        var reader = new ModelConfigReader(json);
        // Keys mean different things to other families: naming more mistakes than the family would mislead.
        Architecture architecture = reader.architecture();
        if (json.mistakes().isEmpty()) {
            ModelConfig config = reader.config(architecture);
            if (json.mistakes().isEmpty()) {
                return config;
            }
        }
        throw new KvernException(ErrorReason.MISCONFIGURED, file + ": " + String.join("; ", json.mistakes()));
    }

    private Architecture architecture() {
        List<String> names = json.has("architectures") ? json.texts("architectures") : List.of();
        if (names.size() == 1) {
            var known = Architecture.of(names.get(0));
            if (known.isPresent()) {
                return known.get();
            }
        }
        if (json.mistakes().isEmpty()) {
            json.mistake("architectures", Architecture.supported());
        }
        return Architecture.LLAMA;
    }

    private ModelConfig config(Architecture architecture) {
        int hidden = json.positiveInt("hidden_size");
        int layers = json.positiveInt("num_hidden_layers");
        int heads = json.positiveInt("num_attention_heads");
        int kvHeads = json.positiveInt("num_key_value_heads", heads);
        if (heads % kvHeads != 0) {
            json.mistake("num_key_value_heads", "a divisor of num_attention_heads " + heads);
        }
        int headDim = headDim(architecture, hidden, heads);
        int context = json.positiveInt("max_position_embeddings");
        boolean attentionBias = (architecture == Architecture.LLAMA || architecture == Architecture.QWEN3)
                && json.flag("attention_bias", false);
        refuseWhatWouldBeIgnored();
        return new ModelConfig(
                architecture,
                json.positiveInt("vocab_size"),
                hidden,
                json.positiveInt("intermediate_size"),
                layers,
                heads,
                kvHeads,
                headDim,
                context,
                json.number("rms_norm_eps", v -> v >= 0 && v < 1, "a number from 0 to below 1", DEFAULT_EPS),
                rope(context),
                attentionBias || architecture == Architecture.QWEN2,
                attentionBias,
                architecture == Architecture.LLAMA && json.flag("mlp_bias", false),
                architecture == Architecture.QWEN3,
                json.flag("tie_word_embeddings", false),
                windows(architecture, layers));
    }

    private int headDim(Architecture architecture, int hidden, int heads) {
        if (!json.has("head_dim") && architecture == Architecture.QWEN3) {
            return QWEN3_DEFAULT_HEAD_DIM;
        }
        if (!json.has("head_dim") && hidden % heads != 0) {
            json.mistake("hidden_size", "a multiple of num_attention_heads " + heads + ", or a head_dim");
        }
        int headDim = json.positiveInt("head_dim", Math.max(1, hidden / heads));
        if (headDim % 2 != 0) {
            json.mistake("head_dim", "an even number, explicit or hidden_size / num_attention_heads = " + headDim);
        }
        return headDim;
    }

    private void refuseWhatWouldBeIgnored() {
        if (!json.text("hidden_act", "silu").equals("silu")) {
            json.mistake("hidden_act", "silu");
        }
        if (json.has("quantization_config")) {
            json.mistake("quantization_config", "none: weights in fp32, fp16 or bf16");
        }
        if (json.number("partial_rotary_factor", v -> true, "1", 1) != 1) {
            json.mistake("partial_rotary_factor", "1");
        }
    }

    /** transformers 4 has {@code rope_theta} and {@code rope_scaling}, 5 has {@code rope_parameters} with both. */
    private RopeScaling rope(int context) {
        String where = json.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
        ConfigJson scaling = json.object(where);
        String typeKey = scaling.has("rope_type") || !scaling.has("type") ? "rope_type" : "type";
        double theta = (scaling.has("rope_theta") ? scaling : json)
                .number("rope_theta", v -> v > 0, "a number above 0", DEFAULT_THETA);
        if (scaling.number("partial_rotary_factor", v -> true, "1", 1) != 1) {
            scaling.mistake("partial_rotary_factor", "1");
        }
        if (scaling.has("full_attention") || scaling.has("sliding_attention")) {
            json.mistake(where, "one set of parameters for all layers");
        }
        String type = scaling.text(typeKey, "default");
        switch (type) {
            case "default":
                return new RopeScaling(RopeScaling.Type.DEFAULT, theta, 1, 0, 0, 0);
            case "linear":
                return new RopeScaling(RopeScaling.Type.LINEAR, theta, factor(scaling), 0, 0, 0);
            case "llama3":
                double low = scaling.number("low_freq_factor", v -> v > 0, "a number above 0");
                double high = scaling.number("high_freq_factor", v -> v > low, "a number above low_freq_factor " + low);
                // transformers lets the key beside the parameters win over the one among them.
                int original = json.has("original_max_position_embeddings")
                        ? json.positiveInt("original_max_position_embeddings")
                        : scaling.positiveInt("original_max_position_embeddings", context);
                return new RopeScaling(RopeScaling.Type.LLAMA3, theta, factor(scaling), low, high, original);
            default:
                scaling.mistake(typeKey, "one of default, linear, llama3");
                return new RopeScaling(RopeScaling.Type.DEFAULT, theta, 1, 0, 0, 0);
        }
    }

    private static double factor(ConfigJson scaling) {
        return scaling.number("factor", v -> v >= 1, "a number of at least 1");
    }

    private List<Integer> windows(Architecture architecture, int layers) {
        switch (architecture) {
            case LLAMA:
                return Collections.nCopies(layers, 0);
            case MISTRAL:
                // Absent means transformers' default, null means none. layer_types does not count in this family.
                int window = json.mentions("sliding_window")
                        ? json.positiveInt("sliding_window", 0)
                        : MISTRAL_DEFAULT_WINDOW;
                return Collections.nCopies(layers, window);
            default:
                return qwenWindows(layers);
        }
    }

    private List<Integer> qwenWindows(int layers) {
        boolean used = json.flag("use_sliding_window", false);
        int window = 0;
        if (used) {
            window = json.mentions("sliding_window") ? json.positiveInt("sliding_window", 0) : QWEN_DEFAULT_WINDOW;
        }
        if (!json.has("layer_types")) {
            JsonNode given = json.get("max_window_layers");
            int full = QWEN_DEFAULT_MAX_WINDOW_LAYERS;
            if (json.has("max_window_layers")) {
                if (!given.canConvertToInt() || !given.isIntegralNumber() || given.intValue() < 0) {
                    json.mistake("max_window_layers", "a whole number of at least 0");
                }
                full = given.asInt();
            }
            var windows = new ArrayList<Integer>();
            for (int layer = 0; layer < layers; layer++) {
                windows.add(layer >= full ? window : 0);
            }
            return windows;
        }
        List<String> types = json.texts("layer_types");
        boolean known = types.stream().allMatch(t -> t.equals("full_attention") || t.equals("sliding_attention"));
        if (!known || types.size() != layers) {
            json.mistake("layer_types", layers + " times full_attention or sliding_attention");
        } else if (types.contains("sliding_attention") && window == 0) {
            json.mistake(
                    "sliding_window",
                    "a whole number from 1, and use_sliding_window true, where layer_types has sliding_attention");
        }
        var windows = new ArrayList<Integer>();
        for (String type : types) {
            windows.add(type.equals("sliding_attention") ? window : 0);
        }
        return windows;
    }
}
