package dev.kvern.coordinator.openai;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Says whom a request comes from. Implementations are safe for use by several threads and do not block. */
@FunctionalInterface
public interface KeyCheck {
    /** Lets everybody in. */
    KeyCheck OPEN = presented -> Optional.of(ApiKey.NOBODY);

    /**
     * @param presented null if the request has no key
     * @return empty if it is not let in
     */
    Optional<ApiKey> find(@Nullable String presented);
}
