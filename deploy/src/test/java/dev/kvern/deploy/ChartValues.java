package dev.kvern.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** values.yaml as its comments explain it. */
final class ChartValues {
    private static final Pattern KEY = Pattern.compile("( *)([A-Za-z]+):(?: (.*))?");

    private ChartValues() {}

    /**
     * A value without values in it.
     *
     * @param key with those around it: "node.cpu.limit"
     * @param standard as it is written
     * @param meaning the comment above it; empty if there is none
     */
    record Value(String key, String standard, String meaning) {
        /** As README.md has it. */
        String row() {
            return "| `" + key + "` | `" + standard + "` | " + meaning + " |";
        }
    }

    private record Section(int indent, String name) {}

    static List<Value> all() throws IOException {
        var values = new ArrayList<Value>();
        var around = new ArrayDeque<Section>();
        String comment = "";
        for (String line : Files.readAllLines(Chart.DIRECTORY.resolve("values.yaml"))) {
            String text = line.strip();
            if (text.startsWith("# ")) {
                comment += (comment.isEmpty() ? "" : " ") + text.substring(2);
                continue;
            }
            Matcher key = KEY.matcher(line);
            if (key.matches()) {
                int indent = key.group(1).length();
                while (!around.isEmpty() && around.getLast().indent >= indent) {
                    around.removeLast();
                }
                var path = new ArrayList<>(around.stream().map(Section::name).toList());
                path.add(key.group(2));
                if (key.group(3) == null) {
                    around.addLast(new Section(indent, key.group(2)));
                } else {
                    values.add(new Value(String.join(".", path), key.group(3), comment));
                }
            } else if (!text.isEmpty()) {
                throw new IllegalStateException("values.yaml: '" + line + "' (expected: a comment, or KEY: VALUE)");
            }
            comment = "";
        }
        return values;
    }

    static JsonNode tree() throws IOException {
        return Chart.yaml(Files.readString(Chart.DIRECTORY.resolve("values.yaml")));
    }

    static JsonNode schema() throws IOException {
        return Chart.yaml(Files.readString(Chart.DIRECTORY.resolve("values.schema.json")));
    }
}
