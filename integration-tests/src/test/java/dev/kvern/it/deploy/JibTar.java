package dev.kvern.it.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.it.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An image's tar, unpacked once by {@code deploy/images/unpack.sh}; later runs find it unpacked. */
final class JibTar {
    private static final String UNPACK =
            Source.ROOT.resolve("deploy/images/unpack.sh").toString();

    private JibTar() {}

    /** @param place where the image is unpacked; another one that is there is removed */
    static Image unpack(Path tar, Path place) {
        try {
            String version = Files.size(tar) + " bytes of " + Files.getLastModifiedTime(tar);
            Path unpacked = place.resolve("unpacked");
            if (!Files.exists(unpacked) || !Files.readString(unpacked).equals(version)) {
                HostCommand.run("rm", "-r", "-f", place.toString());
                HostCommand.run(UNPACK, tar.toString(), place.toString());
                Files.writeString(unpacked, version);
            }
            JsonNode config =
                    new ObjectMapper().readTree(place.resolve("config.json").toFile());
            return image(tar, place.resolve("rootfs"), config.get("config"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
