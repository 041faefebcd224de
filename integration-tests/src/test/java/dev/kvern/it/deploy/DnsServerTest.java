package dev.kvern.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.dns.DnsClient;
import io.vertx.core.dns.DnsClientOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Asked by another's client. */
class DnsServerTest {
    private static final String NODES = "kvern-node.kvern.svc.cluster.local";

    private final List<DnsZone.Host> nodes = new ArrayList<>(List.of(
            new DnsZone.Host("kvern-node-0", "kvern-node", "10.213.0.50"),
            new DnsZone.Host("kvern-node-1", "kvern-node", "10.213.0.51")));
    private final DnsZone zone = new DnsZone(
            "kvern",
            () -> Map.of("kvern-node", List.copyOf(nodes), "kvern-coordinator", List.of()),
            service -> service.equals("kvern-coordinator") ? Optional.of("10.213.0.2") : Optional.empty());
    private final DnsServer server = new DnsServer(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), zone);
    private final Vertx vertx = Vertx.vertx();
    private final DnsClient client = vertx.createDnsClient(new DnsClientOptions()
            .setHost("127.0.0.1")
            .setPort(server.port())
            .setQueryTimeout(TimeUnit.SECONDS.toMillis(20)));

    @AfterEach
    void close() throws Exception {
        server.close();
        await(vertx.close());
    }

    @Test
    void aHeadlessServiceHasItsPodsAddressesAsTheyAreNow() throws Exception {
        assertThat(await(client.resolveA(NODES))).containsExactlyInAnyOrder("10.213.0.50", "10.213.0.51");
        nodes.remove(0);
        assertThat(await(client.resolveA(NODES))).containsExactly("10.213.0.51");
        nodes.clear();
        assertThat(await(client.resolveA(NODES))).isEmpty();
    }

    @Test
    void aServiceWithAVirtualAddressHasThatWhateverItsPods() throws Exception {
        assertThat(await(client.resolveA("kvern-coordinator.kvern.svc.cluster.local")))
                .containsExactly("10.213.0.2");
    }

    @Test
    void aPodOfAStatefulSetHasANameOfItsOwn() throws Exception {
        assertThat(await(client.resolveA("kvern-node-1." + NODES))).containsExactly("10.213.0.51");
        assertThatThrownBy(() -> await(client.resolveA("kvern-node-2." + NODES)))
                .hasMessageContaining("NXDOMAIN");
    }

    /** A resolver that hears that there is no such name asks no further for it. */
    @Test
    void aNameWithoutIpv6AddressesExistsAllTheSame() throws Exception {
        assertThat(await(client.resolveAAAA(NODES))).isEmpty();
    }

    @Test
    void otherNamesDoNotExist() {
        for (String name :
                List.of("kvern-node", "kvern-node.svc.cluster.local", "other.kvern.svc.cluster.local", "example.org")) {
            assertThatThrownBy(() -> await(client.resolveA(name))).as(name).hasMessageContaining("NXDOMAIN");
        }
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }
}
