package dev.kvern.it.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An image as jib writes it to a tar (Docker's archive format), unpacked once; the same image is not unpacked again by later runs.
 *
 * @see <a href="https://github.com/moby/docker-image-spec/blob/main/v1.2.md">Docker image specification</a>
 */
final class JibTar {
    private static final String DONE = "unpacked";

    private JibTar() {}

    /** @param cache where the image is unpacked; one that was before is removed */
    static Image unpack(Path tar, Path cache) {
        var mapper = new ObjectMapper();
        try {
            JsonNode manifest = mapper.readTree(extract(tar, "manifest.json")).get(0);
            String configText = extract(tar, manifest.get("Config").asText());
            JsonNode config = mapper.readTree(configText);
            JsonNode layers = config.at("/rootfs/diff_ids");
            Path place = cache.resolve("image-" + Integer.toHexString(layers.hashCode()) + "-" + layers.size());
            Path root = place.resolve("root");
            Path done = place.resolve(DONE);
            if (!Files.exists(done) || !Files.readString(done).equals(layers.toString())) {
                HostCommand.run("rm", "-r", "-f", cache.toString());
                Files.createDirectories(root);
                unpackLayers(tar, manifest, place, root);
                Files.writeString(done, layers.toString());
            }
            return image(tar, root, config.get("config"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String extract(Path tar, String name) {
        return HostCommand.run("tar", "-xOf", tar.toString(), name);
    }

    private static void unpackLayers(Path tar, JsonNode manifest, Path place, Path root) throws IOException {
        Path layers = Files.createDirectories(place.resolve("layers"));
        HostCommand.run("tar", "-xf", tar.toString(), "-C", layers.toString());
        for (JsonNode layer : manifest.get("Layers")) {
            HostCommand.run(
                    "tar",
                    "--extract",
                    "--numeric-owner",
                    "--same-owner",
                    "--preserve-permissions",
                    "--file",
                    layers.resolve(layer.asText()).toString(),
                    "--directory",
                    root.toString());
        }
        HostCommand.run("rm", "-r", "-f", layers.toString());
    }

    private static Image image(Path tar, Path root, JsonNode config) {
        Map<String, String> environment = new LinkedHashMap<>();
        for (String variable : texts(config.path("Env"))) {
            int equals = variable.indexOf('=');
            environment.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        return new Image(
                "built by jib: " + tar,
                root,
                List.of(),
                texts(config.path("Entrypoint")),
                texts(config.path("Cmd")),
                environment,
                config.path("WorkingDir").asText(""),
                config.path("User").asText(""));
    }

    private static List<String> texts(JsonNode array) {
        var texts = new ArrayList<String>();
        array.forEach(text -> texts.add(text.asText()));
        return texts;
    }
}
