package dev.kvern.it;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code deploy/compose}, by the Compose Specification's schema: {@code npm/compose.test.js}. */
@Timeout(300)
class ComposeIT {
    @TempDir
    private static Path directory;

    @Test
    void theFileIsValid() {
        NpmProject.installed(directory).test("compose.test.js", Map.of());
    }
}
