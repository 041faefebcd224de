package dev.kvern.coordinator.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApiKeysTest {
    /** SHA-256 of "hello", as coreutils' sha256sum says. */
    private static final String HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    @TempDir
    private Path directory;

    private static ApiKeys keys(String... lines) {
        return ApiKeys.parse("keys", List.of(lines));
    }

    @Test
    void aKeyIsKnownByItselfOrItsDigest() {
        ApiKeys keys = keys("# ours", "", "  alice  sk-1 ", "bob sha256:" + HELLO + " acme");
        assertThat(keys.find("sk-1")).hasValue(new ApiKey("alice", ""));
        assertThat(keys.find("hello")).hasValue(new ApiKey("bob", "acme"));
        assertThat(keys.find(HELLO)).isEmpty();
        assertThat(keys.find("sha256:" + HELLO)).isEmpty();
        assertThat(keys.find("sk-")).isEmpty();
        assertThat(keys.find("")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"secret-alone", "a secret b c", "a sha256:secret", "a secret ten:ant", "# nothing"})
    void aMistakeIsNamedWithoutTheSecret(String line) {
        assertThatThrownBy(() -> keys(line))
                .isInstanceOf(KvernException.class)
                .hasMessageContaining("keys: ")
                .hasMessageContaining("expected: ")
                .hasMessageNotContaining("secret");
    }

    @Test
    void noSaltOfOnesOwnIsAnotherTenants() {
        assertThat(new ApiKey("a", "acme").cacheSalt("")).isEqualTo("acme:");
        assertThat(new ApiKey("a", "acme").cacheSalt("x")).isEqualTo("acme:x");
        assertThat(new ApiKey("b", "").cacheSalt("acme:")).isEqualTo(":acme:");
        assertThat(new ApiKey("b", "").cacheSalt("")).isEmpty();
        // Where there are no keys there are no tenants either.
        assertThat(ApiKey.NOBODY.cacheSalt("acme:")).isEqualTo("acme:");
    }

    @Test
    void aFileThatChangesIsReadAgain() throws IOException {
        Path file = Files.writeString(directory.resolve("keys"), "alice sk-1\n");
        ApiKeyFile keys = ApiKeyFile.open(file);
        assertThat(keys.find("sk-1")).isPresent();
        assertThat(keys.find(null)).isEmpty();
        write(file, "alice sk-2\n", 1);
        assertThat(keys.find("sk-2")).isEmpty();
        keys.refresh();
        assertThat(keys.find("sk-2")).isPresent();
        assertThat(keys.find("sk-1")).isEmpty();
    }

    @Test
    void aFileThatBecomesUnusableChangesNothing() throws IOException {
        Path file = Files.writeString(directory.resolve("keys"), "alice sk-1\n");
        ApiKeyFile keys = ApiKeyFile.open(file);
        write(file, "alice\n", 1);
        keys.refresh();
        assertThat(keys.find("sk-1")).isPresent();
        Files.delete(file);
        keys.refresh();
        assertThat(keys.find("sk-1")).isPresent();
        write(file, "alice sk-3\n", 2);
        keys.refresh();
        assertThat(keys.find("sk-3")).isPresent();
    }

    @Test
    void aFileThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> ApiKeyFile.open(directory.resolve("none")))
                .isInstanceOf(KvernException.class)
                .hasMessageContaining("api.keys_file: ")
                .hasMessageContaining("none");
    }

    /** With a time of its own, whatever the file system's clock can tell apart. */
    private static void write(Path file, String text, int secondsLater) throws IOException {
        Files.writeString(file, text);
        Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis() + 1_000L * secondsLater));
    }
}
