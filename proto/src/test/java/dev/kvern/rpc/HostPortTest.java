package dev.kvern.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
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

    @ParameterizedTest
    @CsvSource({"localhost:7,localhost", "[::1]:7,::1", "10.0.0.1:7,10.0.0.1"})
    void takenApart(String address, String host) {
        assertThat(HostPort.host(address)).isEqualTo(host);
        assertThat(HostPort.port(address)).isEqualTo(7);
    }

    @Test
    void several() {
        assertThat(HostPort.list("a:1, [::1]:2,c:3")).containsExactly("a:1", "[::1]:2", "c:3");
        assertThat(List.of("a:1", "a:1,b:2")).allMatch(HostPort::areValid);
        assertThat(List.of("", "a:1,", ",a:1", "a:1,,b:2", "a:1 b:2", "a,b:1")).noneMatch(HostPort::areValid);
    }
}
