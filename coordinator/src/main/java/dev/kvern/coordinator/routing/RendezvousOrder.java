package dev.kvern.coordinator.routing;

import com.google.common.hash.Hashing;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;

/**
 * Orders runners by a hash of a key and their ids (rendezvous hashing: Thaler and Ravishankar, 1998): each key has its own order,
 * and a runner that comes or goes changes the first place of those keys only whose first it is or was.
 */
final class RendezvousOrder {
    private RendezvousOrder() {}

    static Comparator<Candidate> of(String key) {
        return Comparator.comparingLong(candidate -> weight(key, candidate.runner()));
    }

    private static long weight(String key, String runner) {
        return Hashing.sha256()
                .newHasher()
                .putInt(key.length())
                .putString(key, StandardCharsets.UTF_8)
                .putString(runner, StandardCharsets.UTF_8)
                .hash()
                .asLong();
    }
}
