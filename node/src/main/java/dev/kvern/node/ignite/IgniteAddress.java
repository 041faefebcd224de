package dev.kvern.node.ignite;

import dev.kvern.rpc.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.Optional;
import org.apache.ignite.configuration.AddressResolver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where Ignite listens, and under what it is known to other nodes. Bound to all of a machine's addresses it announces all of them,
 * 127.0.0.1 too, at which each machine finds itself; so of these it gets the one that others are told. Immutable.
 *
 * @param bind address to listen on
 * @param external where others reach it, if that is no address of this machine: ports are forwarded from there
 */
record IgniteAddress(String bind, Optional<InetAddress> external) {
    private static final Logger log = LoggerFactory.getLogger(IgniteAddress.class);

    /**
     * @param host address to listen on, or the wildcard
     * @param advertiseHost under which others reach this machine; empty for {@code host}
     */
    static IgniteAddress of(String host, String advertiseHost) {
        if (advertiseHost.isEmpty() || advertiseHost.equals(host)) {
            return new IgniteAddress(host, Optional.empty());
        }
        try {
            InetAddress advertised = InetAddress.getByName(advertiseHost);
            boolean named = !advertiseHost.equals(advertised.getHostAddress());
            if (HostPort.isWildcard(host) && named && advertised.isLoopbackAddress()) {
                // As some machines call themselves in /etc/hosts: no other would reach this one there.
                return new IgniteAddress(host, Optional.empty());
            }
            if (NetworkInterface.getByInetAddress(advertised) == null) {
                return new IgniteAddress(host, Optional.of(advertised));
            }
            return new IgniteAddress(HostPort.isWildcard(host) ? advertised.getHostAddress() : host, Optional.empty());
        } catch (IOException e) {
            log.warn("advertise_host: {} has no address now; Ignite is known under those of {}", advertiseHost, host);
            return new IgniteAddress(host, Optional.empty());
        }
    }

    /** An address at which the node reaches itself. */
    InetSocketAddress own(int port) {
        return new InetSocketAddress(HostPort.isWildcard(bind) ? "127.0.0.1" : bind, port);
    }

    /** Whether an address leads to this machine; some have their own name in /etc/hosts at another of loopback than 127.0.0.1. */
    boolean leadsHere(InetAddress address) {
        try {
            return address.isLoopbackAddress()
                    || external.filter(address::equals).isPresent()
                    || NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException e) {
            return false;
        }
    }

    /** What Ignite asks under which other addresses one of its own is known. */
    Optional<AddressResolver> resolver() {
        return external.map(known -> own -> List.of(new InetSocketAddress(known, own.getPort())));
    }
}
