package dev.kvern.it.deploy;

import java.util.ArrayList;
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
    private final String suffix;
    private final Supplier<List<ServiceEndpoints>> services;
    private final Function<String, Optional<String>> virtualAddress;

    /**
     * @param services those of the namespace, as published now
     * @param virtualAddress of a Service that has one
     */
    DnsZone(
            String namespace,
            Supplier<List<ServiceEndpoints>> services,
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
        for (ServiceEndpoints service : services.get()) {
            if (!service.name().equals(labels[labels.length - 1])) {
                continue;
            }
            if (labels.length == 1) {
                return Optional.of(virtualAddress
                        .apply(service.name())
                        .map(List::of)
                        .orElseGet(service::addresses));
            }
            List<String> own = ofPod(service, labels);
            return own.isEmpty() ? Optional.empty() : Optional.of(own);
        }
        return Optional.empty();
    }

    private static List<String> ofPod(ServiceEndpoints service, String[] labels) {
        var addresses = new ArrayList<String>();
        for (Pod pod : service.pods()) {
            Map.Entry<String, String> host = Map.entry(pod.identity().name(), pod.subdomain());
            if (labels.length == 2 && host.equals(Map.entry(labels[0], labels[1]))) {
                addresses.add(pod.identity().address());
            }
        }
        return addresses;
    }
}
