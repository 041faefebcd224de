package dev.kvern.it.deploy;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The names of a cluster's Services, as its name server knows them: {@code SERVICE.NAMESPACE.svc.cluster.local}, and for pods with
 * a host name {@code POD.SERVICE…}.
 *
 * @see <a href="https://github.com/kubernetes/dns/blob/master/docs/specification.md">DNS-based service discovery</a>
 */
final class DnsZone {
    /**
     * A pod of a Service.
     *
     * @param subdomain the Service in which it has a name of its own; empty: none
     */
    record Host(String name, String subdomain, String address) {}

    private final String suffix;
    private final Supplier<Map<String, List<Host>>> services;
    private final Function<String, Optional<String>> virtualAddress;

    /**
     * @param services those of the namespace by name, with their pods as published now
     * @param virtualAddress of a Service that has one
     */
    DnsZone(
            String namespace,
            Supplier<Map<String, List<Host>>> services,
            Function<String, Optional<String>> virtualAddress) {
        this.suffix = "." + namespace + ".svc." + PodFiles.DOMAIN;
        this.services = services;
        this.virtualAddress = virtualAddress;
    }

    /** IPv4 addresses of a name; none if it has none at the moment, empty if there is no such name. */
    Optional<List<String>> addresses(String question) {
        String name = question.toLowerCase(Locale.ROOT).replaceFirst("\\.$", "");
        if (!name.endsWith(suffix)) {
            return Optional.empty();
        }
        String[] labels = name.substring(0, name.length() - suffix.length()).split("\\.");
        String service = labels[labels.length - 1];
        List<Host> pods = services.get().get(service);
        if (pods == null) {
            return Optional.empty();
        }
        if (labels.length == 1) {
            return Optional.of(virtualAddress
                    .apply(service)
                    .map(List::of)
                    .orElseGet(() -> pods.stream().map(Host::address).toList()));
        }
        return Optional.of(pods.stream()
                        .filter(pod -> labels.length == 2
                                && pod.name().equals(labels[0])
                                && pod.subdomain().equals(service))
                        .map(Host::address)
                        .toList())
                .filter(addresses -> !addresses.isEmpty());
    }
}
