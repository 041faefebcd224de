package dev.kvern.node.ignite;

import dev.kvern.rpc.HostPort;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.ignite.spi.discovery.tcp.ipfinder.TcpDiscoveryIpFinderAdapter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where other nodes may be: fixed addresses, and names that are looked up each time Ignite asks, so that nodes which joined a
 * DNS name later are found (a headless service's name in Kubernetes stands for all of its pods). Immutable.
 */
final class AddressIpFinder extends TcpDiscoveryIpFinderAdapter {
    private static final Logger log = LoggerFactory.getLogger(AddressIpFinder.class);

    private final List<String> addresses;
    private final InetSocketAddress own;

    /**
     * @param addresses HOST or HOST:PORT each
     * @param own this node's, whose port stands where an address names none
     */
    AddressIpFinder(List<String> addresses, InetSocketAddress own) {
        this.addresses = List.copyOf(addresses);
        this.own = own;
        // Nobody writes to it: each node has its own list.
        setShared(false);
    }

    @Override
    public Collection<InetSocketAddress> getRegisteredAddresses() {
        Set<InetSocketAddress> found = listed();
        found.add(own);
        return found;
    }

    /** What the addresses stand for now; this node's own is among them if they do for it. */
    Set<InetSocketAddress> listed() {
        Set<InetSocketAddress> found = new LinkedHashSet<>();
        for (String address : addresses) {
            String whole = HostPort.isValid(address) ? address : HostPort.of(address, own.getPort());
            try {
                for (InetAddress one : InetAddress.getAllByName(HostPort.host(whole))) {
                    found.add(new InetSocketAddress(one, HostPort.port(whole)));
                }
            } catch (UnknownHostException e) {
                log.debug("{} has no address now", address);
            }
        }
        return found;
    }

    @Override
    public void registerAddresses(Collection<InetSocketAddress> more) {}

    @Override
    public void unregisterAddresses(Collection<InetSocketAddress> some) {}
}
