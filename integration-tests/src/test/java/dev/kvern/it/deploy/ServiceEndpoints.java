package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import java.util.List;
import java.util.Map;

/**
 * What a Service stands for at a moment. Pods belong to it by their labels; those that end do until they are gone if the Service
 * publishes unready addresses, and no longer than until they are told to if it does not.
 */
record ServiceEndpoints(Service service, List<Pod> pods) {
    /** @param all of the cluster */
    static ServiceEndpoints of(Service service, List<Pod> all) {
        boolean unready = Boolean.TRUE.equals(service.getSpec().getPublishNotReadyAddresses());
        Map<String, String> selector = service.getSpec().getSelector();
        return new ServiceEndpoints(
                service,
                all.stream()
                        .filter(pod -> pod.identity().labels().entrySet().containsAll(selector.entrySet()))
                        .filter(pod -> unready ? !pod.isGone() : pod.isReady() && !pod.isTerminating())
                        .toList());
    }

    static boolean isHeadless(Service service) {
        return "None".equals(service.getSpec().getClusterIP());
    }

    String name() {
        return service.getMetadata().getName();
    }

    List<DnsZone.Host> hosts() {
        return pods.stream()
                .map(pod -> new DnsZone.Host(
                        pod.identity().name(), pod.subdomain(), pod.identity().address()))
                .toList();
    }

    /** The port of a pod that a port of the Service leads to. */
    static int targetPort(ServicePort port, Pod pod) {
        IntOrString target = port.getTargetPort();
        return target == null ? port.getPort() : pod.port(target);
    }
}
