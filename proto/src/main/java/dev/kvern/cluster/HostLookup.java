package dev.kvern.cluster;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.stream.Stream;

/** Finds a host's addresses. Safe for use by several threads. */
@FunctionalInterface
interface HostLookup {
    /**
     * As this machine finds them. Of a name that has addresses of both families those of the preferred one: the others lead to the
     * same processes.
     */
    HostLookup SYSTEM = host -> {
        InetAddress[] all = InetAddress.getAllByName(host);
        boolean v4 = all[0] instanceof Inet4Address;
        return Stream.of(all)
                .filter(address -> address instanceof Inet4Address == v4)
                .map(InetAddress::getHostAddress)
                .toList();
    };

    /**
     * The addresses that a host has now; may take as long as the network lets it.
     *
     * @throws UnknownHostException if there is none, or nobody can say so
     */
    List<String> addresses(String host) throws UnknownHostException;
}
