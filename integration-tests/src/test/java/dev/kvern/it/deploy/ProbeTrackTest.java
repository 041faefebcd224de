package dev.kvern.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProbeTrackTest {
    /** Attempts and verdicts by their first letters. */
    @ParameterizedTest
    @CsvSource({
        "1, 3, S, S",
        "1, 3, FF, UU",
        "1, 3, FFF, UUF",
        "1, 3, FFSFF, UUSSS",
        "1, 3, SFFFS, SSSFS",
        "2, 1, SFSS, UFFS",
        "3, 2, FSSFSSS, UUUUUUS",
        "1, 1, FSFS, FSFS"
    })
    void aVerdictTakesAttemptsInARow(int successThreshold, int failureThreshold, String attempts, String verdicts) {
        var track = new ProbeTrack(successThreshold, failureThreshold);
        var seen = new StringBuilder();
        for (int i = 0; i < attempts.length(); i++) {
            seen.append(track.attempt(attempts.charAt(i) == 'S').name().charAt(0));
        }
        assertThat(seen).hasToString(verdicts);
    }
}
