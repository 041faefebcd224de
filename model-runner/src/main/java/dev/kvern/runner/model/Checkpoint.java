package dev.kvern.runner.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.model.safetensors.SafetensorsFile;
import dev.kvern.runner.model.safetensors.TensorEntry;
import dev.kvern.runner.model.safetensors.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The weights of a model directory: one model.safetensors, or the files that model.safetensors.index.json names.
 * Immutable; open files until closed.
 */
public final class Checkpoint implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Checkpoint.class);
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    /** A tensor and the file it is in. */
    public record Located(SafetensorsFile file, TensorEntry entry) {}

    private final List<SafetensorsFile> files;
    private final Map<String, Located> tensors;

    private Checkpoint(List<SafetensorsFile> files, Map<String, Located> tensors) {
        this.files = files;
        this.tensors = tensors;
    }

    /**
     * Opens the files and checks that the tensors of {@code expected} are there, with their shapes, in a type that can
     * be read. Others are left alone.
     *
     * @throws KvernException MISCONFIGURED with all that is missing or wrong
     */
    static Checkpoint open(Path directory, Map<String, List<Long>> expected) {
        var files = new ArrayList<SafetensorsFile>();
        try {
            Map<String, Located> found =
                    Files.exists(directory.resolve(SINGLE)) ? single(directory, files) : indexed(directory, files);
            check(directory, expected, found);
            found.keySet().stream()
                    .filter(name -> !expected.containsKey(name))
                    .forEach(name -> log.debug("{}: tensor {} is not used", directory, name));
            found.keySet().retainAll(expected.keySet());
            var checkpoint = new Checkpoint(List.copyOf(files), found);
            files.clear();
            return checkpoint;
        } finally {
            files.forEach(SafetensorsFile::close);
        }
    }

    private static Map<String, Located> single(Path directory, List<SafetensorsFile> files) {
        SafetensorsFile file = SafetensorsFile.open(directory.resolve(SINGLE));
        files.add(file);
        var found = new TreeMap<String, Located>();
        file.tensors().forEach((name, entry) -> found.put(name, new Located(file, entry)));
        return found;
    }

    private static Map<String, Located> indexed(Path directory, List<SafetensorsFile> files) {
        Path index = directory.resolve(INDEX);
        JsonNode weightMap = readIndex(directory, index);
        var byFileName = new LinkedHashMap<String, SafetensorsFile>();
        var found = new TreeMap<String, Located>();
        for (var field : weightMap.properties()) {
            String fileName = field.getValue().asText();
            // The index comes with the weights, from wherever they come from: it names files beside it, no others.
            if (!field.getValue().isTextual() || !fileName.matches("[\\w.-]+\\.safetensors")) {
                throw KvernException.misconfigured(
                        index + ": " + field.getKey(), field.getValue(), "a .safetensors file in the same directory");
            }
            SafetensorsFile file = byFileName.get(fileName);
            if (file == null) {
                file = SafetensorsFile.open(directory.resolve(fileName));
                files.add(file);
                byFileName.put(fileName, file);
            }
            found.put(field.getKey(), new Located(file, file.tensor(field.getKey())));
        }
        return found;
    }

    private static JsonNode readIndex(Path directory, Path index) {
        if (!Files.exists(index)) {
            throw KvernException.misconfigured(
                    directory.toString(), "no weights", "a model.safetensors, or several with a " + INDEX);
        }
        JsonNode weightMap;
        try {
            weightMap = new ObjectMapper().readTree(Files.readAllBytes(index)).path("weight_map");
        } catch (JsonProcessingException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED, index + ": not JSON (expected: an index): " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED, index + ": cannot be read (expected: an index): " + e, e);
        }
        if (!weightMap.isObject()) {
            throw KvernException.misconfigured(index + ": weight_map", weightMap.getNodeType(), "an object");
        }
        return weightMap;
    }

    private static void check(Path directory, Map<String, List<Long>> expected, Map<String, Located> found) {
        var mistakes = new ArrayList<String>();
        expected.forEach((name, shape) -> {
            Located tensor = found.get(name);
            if (tensor == null) {
                mistakes.add("tensor " + name + ": missing (expected: " + shape + ")");
            } else if (!tensor.entry().shape().equals(shape)) {
                mistakes.add("tensor " + name + ": shape " + tensor.entry().shape() + " (expected: " + shape + ")");
            } else if (tensor.entry().type().filter(t -> t != TensorType.I64).isEmpty()) {
                mistakes.add(
                        "tensor " + name + ": dtype " + tensor.entry().typeName() + " (expected: F32, F16 or BF16)");
            }
        });
        if (!mistakes.isEmpty()) {
            int shown = Math.min(mistakes.size(), 10);
            String more = mistakes.size() > shown ? "; and " + (mistakes.size() - shown) + " more" : "";
            throw new KvernException(
                    ErrorReason.MISCONFIGURED, directory + ": " + String.join("; ", mistakes.subList(0, shown)) + more);
        }
    }

    /** The tensors that the model uses, by name in order. */
    Map<String, Located> tensors() {
        return tensors;
    }

    /** A tensor that the model uses. */
    public Located tensor(String name) {
        Located located = tensors.get(name);
        if (located == null) {
            throw new IllegalArgumentException("tensor " + name + " (expected: one of " + tensors.keySet() + ")");
        }
        return located;
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
