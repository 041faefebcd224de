package dev.kvern.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"localhost:1", "10.0.0.1:65535", "[::1]:7400", "nodes.kvern.svc:7410", "[fe80::1%eth0]:7400"})
    void addresses(String text) {
        assertThat(HostPort.isValid(text)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "localhost",
                ":7400",
                "localhost:",
                "a:b",
                "::1:7400",
                "h:0",
                "h:65536",
                "a b:1",
                "http://h:1"
            })
    void others(String text) {
        assertThat(HostPort.isValid(text)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"localhost,localhost:7", "::1,[::1]:7", "[::1],[::1]:7"})
    void putTogether(String host, String expected) {
        assertThat(HostPort.of(host, 7)).isEqualTo(expected);
        assertThat(HostPort.isValid(expected)).isTrue();
    }
}
