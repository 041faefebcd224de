package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class AddressIpFinderTest {
    private static final InetSocketAddress OWN = new InetSocketAddress("127.0.0.1", 47_600);

    @Test
    void anAddressWithoutAPortHasThisNodes() {
        var finder = new AddressIpFinder(List.of("10.0.0.1", "10.0.0.2:47500", "[::1]", "[::1]:47500"), OWN);
        assertThat(finder.listed())
                .containsExactly(
                        new InetSocketAddress("10.0.0.1", 47_600),
                        new InetSocketAddress("10.0.0.2", 47_500),
                        new InetSocketAddress("::1", 47_600),
                        new InetSocketAddress("::1", 47_500));
    }

    /** Ignite takes a list without this node for one that has others for sure. */
    @Test
    void igniteIsToldOfThisNodeToo() {
        var finder = new AddressIpFinder(List.of("name.invalid", "10.0.0.1"), OWN);
        assertThat(finder.listed()).containsExactly(new InetSocketAddress("10.0.0.1", 47_600));
        assertThat(finder.getRegisteredAddresses()).containsExactly(new InetSocketAddress("10.0.0.1", 47_600), OWN);
    }
}
