package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class IgniteAddressTest {
    /** For documentation: no machine has it. */
    private static final String ELSEWHERE = "192.0.2.7";

    @Test
    void ofAllAddressesItIsTheOneThatOthersAreTold() {
        IgniteAddress address = IgniteAddress.of("0.0.0.0", "127.0.0.1");
        assertThat(address.bind()).isEqualTo("127.0.0.1");
        assertThat(address.own(7)).isEqualTo(new InetSocketAddress("127.0.0.1", 7));
        assertThat(address.resolver()).isEmpty();
    }

    @Test
    void anAddressThatIsForwardedFromElsewhereIsNotBound() throws Exception {
        for (String host : new String[] {"0.0.0.0", "127.0.0.1"}) {
            IgniteAddress address = IgniteAddress.of(host, ELSEWHERE);
            assertThat(address.bind()).isEqualTo(host);
            assertThat(address.resolver()
                            .orElseThrow()
                            .getExternalAddresses(new InetSocketAddress("127.0.0.1", 47_500)))
                    .containsExactly(new InetSocketAddress(ELSEWHERE, 47_500));
        }
    }

    @Test
    void whatListensAtOneAddressIsKnownUnderIt() {
        assertThat(IgniteAddress.of("127.0.0.1", ""))
                .isEqualTo(IgniteAddress.of("127.0.0.1", "127.0.0.1"))
                .isEqualTo(IgniteAddress.of("127.0.0.1", "localhost"));
        IgniteAddress all = IgniteAddress.of("0.0.0.0", "");
        assertThat(all.bind()).isEqualTo("0.0.0.0");
        assertThat(all.own(7)).isEqualTo(new InetSocketAddress("127.0.0.1", 7));
        assertThat(IgniteAddress.of("0.0.0.0", "localhost"))
                .as("a name that leads nobody else here")
                .isEqualTo(all);
    }

    @Test
    void aNameWithoutAnAddressChangesNothing() {
        assertThat(IgniteAddress.of("127.0.0.1", "no-such-host.invalid")).isEqualTo(IgniteAddress.of("127.0.0.1", ""));
    }

    @Test
    void knowsWhatLeadsHere() throws Exception {
        InetAddress elsewhere = InetAddress.getByName(ELSEWHERE);
        IgniteAddress all = IgniteAddress.of("0.0.0.0", "");
        assertThat(all.leadsHere(InetAddress.getLoopbackAddress())).isTrue();
        assertThat(all.leadsHere(elsewhere)).isFalse();
        assertThat(IgniteAddress.of("0.0.0.0", ELSEWHERE).leadsHere(elsewhere)).isTrue();
    }
}
