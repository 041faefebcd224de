package dev.kvern.coordinator.http;

import dev.kvern.rpc.KvernException;
import io.vertx.core.Future;
import io.vertx.ext.auth.User;
import io.vertx.ext.auth.authentication.AuthenticationProvider;
import io.vertx.ext.auth.authentication.CredentialValidationException;
import io.vertx.ext.auth.authentication.UsernamePasswordCredentials;
import io.vertx.ext.web.handler.AuthenticationHandler;
import io.vertx.ext.web.handler.BasicAuthHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;

/** The one user who may see the page, and the password, as HTTP Basic asks for them. Immutable. */
public final class PagePassword {
    private final byte[] expected;

    private PagePassword(String userAndPassword) {
        this.expected = userAndPassword.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads a file of one line, USER:PASSWORD.
     *
     * @throws KvernException MISCONFIGURED if there is no such line
     */
    public static PagePassword read(Path file) {
        String line;
        try {
            line = Files.readString(file).strip();
        } catch (IOException e) {
            throw KvernException.misconfigured("dashboard.password_file", file, "a file that can be read");
        }
        int colon = line.indexOf(':');
        if (colon < 1 || colon == line.length() - 1 || line.indexOf('\n') >= 0) {
            throw KvernException.misconfigured("dashboard.password_file", file, "one line, USER:PASSWORD");
        }
        return new PagePassword(line);
    }

    AuthenticationHandler handler() {
        AuthenticationProvider provider = credentials -> {
            try {
                credentials.checkValid(null);
            } catch (CredentialValidationException e) {
                return Future.failedFuture(e);
            }
            return credentials instanceof UsernamePasswordCredentials given && matches(given)
                    ? Future.succeededFuture(User.fromName(given.getUsername()))
                    : Future.failedFuture("user and password are not those of dashboard.password_file");
        };
        return BasicAuthHandler.create(provider, "Kvern");
    }

    private boolean matches(UsernamePasswordCredentials given) {
        String both = given.getUsername() + ":" + given.getPassword();
        return MessageDigest.isEqual(both.getBytes(StandardCharsets.UTF_8), expected);
    }
}
