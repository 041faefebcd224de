package dev.kvern.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A guide of {@code deploy/docs}: what it tells people to type.
 *
 * @param text the Markdown
 */
record Guide(String text) {
    static final Path DIRECTORY = Path.of("../deploy/docs");

    private static final Pattern FENCE = Pattern.compile("(?m)^```(\\w*)\\n(.*?)^```$", Pattern.DOTALL);

    static Guide read(String name) throws IOException {
        return new Guide(Files.readString(DIRECTORY.resolve(name)));
    }

    /** What fenced blocks of a kind contain, in their order. */
    List<String> blocks(String kind) {
        var blocks = new ArrayList<String>();
        Matcher fences = FENCE.matcher(text);
        while (fences.find()) {
            if (fences.group(1).equals(kind)) {
                blocks.add(fences.group(2));
            }
        }
        return blocks;
    }

    /** All kinds that there are, but for blocks of no kind, which show and are not typed. */
    List<String> kinds() {
        var kinds = new ArrayList<String>();
        Matcher fences = FENCE.matcher(text);
        while (fences.find()) {
            if (!fences.group(1).isEmpty() && !kinds.contains(fences.group(1))) {
                kinds.add(fences.group(1));
            }
        }
        return kinds;
    }
}
