package dev.kvern.it.deploy;

import java.util.HashSet;
import java.util.Set;

/**
 * A private network of one bridge, on which each pod has a namespace and an address of its own, and Services have virtual
 * addresses at this host. Nothing else can be reached from it: there is no route out. Safe for use by several threads.
 */
final class PodNetwork implements AutoCloseable {
    private static final int FIRST_VIRTUAL = 2;
    private static final int FIRST_POD = 50;
    private static final int LAST_POD = 254;

    private final HostNames names;
    private final String prefix;
    private final Set<Integer> taken = new HashSet<>();
    private int virtualAddresses;
    private int lastPod = FIRST_POD - 1;
    private int namespaces;

    private PodNetwork(HostNames names, String prefix) {
        this.names = names;
        this.prefix = prefix;
    }

    /** @throws IllegalStateException with the reason if the host does not let us */
    static PodNetwork create(HostNames names) {
        var network = new PodNetwork(names, freePrefix(names));
        HostCommand.run("ip", "link", "add", names.bridge(), "type", "bridge");
        HostCommand.run("ip", "addr", "add", network.gateway() + "/24", "dev", names.bridge());
        HostCommand.run("ip", "link", "set", names.bridge(), "up");
        return network;
    }

    /** One of 256 networks that nobody on this host uses. */
    private static String freePrefix(HostNames names) {
        String used = HostCommand.run("ip", "-4", "-o", "addr") + HostCommand.run("ip", "-4", "route");
        for (int i = 0; i < 256; i++) {
            String prefix = "10.213." + (names.pid() + i) % 256 + ".";
            if (!used.contains(prefix)) {
                return prefix;
            }
        }
        throw new IllegalStateException("no free network in 10.213.0.0/16");
    }

    /** The host's own address, where the name server listens. */
    String gateway() {
        return prefix + "1";
    }

    /** An address of this host for a Service. */
    synchronized String addVirtualAddress() {
        String address = prefix + (FIRST_VIRTUAL + virtualAddresses++);
        HostCommand.run("ip", "addr", "add", address + "/32", "dev", names.bridge());
        return address;
    }

    /** A namespace with an interface on the bridge. Addresses are not used again soon, as in real clusters. */
    synchronized PodInterface attach() {
        int number = namespaces++;
        int host = nextAddress();
        var pod = new PodInterface(prefix + host, names.namespace(number), names.veth(number));
        String namespace = pod.namespace();
        HostCommand.run("ip", "netns", "add", namespace);
        HostCommand.run("ip", "link", "add", pod.veth(), "type", "veth", "peer", "name", "eth0", "netns", namespace);
        // Pods of a cluster with IPv4 alone have no IPv6 address; kernels without IPv6 have nothing to turn off.
        HostCommand.failureOf(
                "ip", "netns", "exec", namespace, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6");
        HostCommand.run("ip", "-n", namespace, "addr", "add", pod.address() + "/24", "dev", "eth0");
        HostCommand.run("ip", "-n", namespace, "link", "set", "lo", "up");
        HostCommand.run("ip", "-n", namespace, "link", "set", "eth0", "up");
        HostCommand.run("ip", "link", "set", pod.veth(), "master", names.bridge(), "up");
        taken.add(host);
        return pod;
    }

    private int nextAddress() {
        for (int i = 0; i <= LAST_POD - FIRST_POD; i++) {
            lastPod = lastPod == LAST_POD ? FIRST_POD : lastPod + 1;
            if (!taken.contains(lastPod)) {
                return lastPod;
            }
        }
        throw new IllegalStateException("no address left for a pod");
    }

    synchronized void detach(PodInterface pod) {
        HostCommand.run("ip", "netns", "del", pod.namespace());
        // The kernel removes the other end with the namespace, but not at once.
        HostCommand.failureOf("ip", "link", "del", pod.veth());
        taken.remove(Integer.valueOf(pod.address().substring(prefix.length())));
    }

    @Override
    public synchronized void close() {
        HostCommand.run("ip", "link", "del", names.bridge());
    }
}
