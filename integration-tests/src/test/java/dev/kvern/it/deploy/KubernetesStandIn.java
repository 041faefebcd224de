package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * A small stand-in for Kubernetes on this one machine: it runs rendered StatefulSets and Deployments as pods with addresses of their
 * own, on a private network with names, virtual addresses of Services, probes, graceful ends and rolling restarts.
 *
 * <p>What a cluster has and this has not: an API server and its defaults, schedulers and machines (affinity, spread, tolerations and
 * disruption budgets mean nothing), init and side containers, lifecycle hooks, several containers in a pod, environment variables of
 * Services, NetworkPolicies, ServiceAccounts and their tokens, seccomp and AppArmor, autoscalers, Ingress, IPv6, limits of storage,
 * configuration that changes under a running pod, progress deadlines and roll-backs. Memory is limited where {@link RuncRuntime} runs.
 */
final class KubernetesStandIn implements AutoCloseable {
    static final String NAMESPACE = "kvern";

    private static final int DNS_PORT = 53;

    /** How long a change takes to reach name servers and kube-proxies, mostly: some 100 ms to seconds in real clusters. */
    static final long PUBLISH_MILLIS = 500;

    private static final long END_SECONDS = 60;

    private final HostNames names;
    private final Manifests manifests;
    private final PodNetwork network;
    private final Kubelet kubelet;
    private final Timeline timeline;
    private final long publishMillis;
    private final Map<String, Workload> workloads = new LinkedHashMap<>();
    private final Map<String, String> virtualAddresses = new HashMap<>();
    private final List<AutoCloseable> servers = new ArrayList<>();
    private volatile List<ServiceEndpoints> published = List.of();

    /**
     * Prepares everything; nothing runs yet.
     *
     * @param claims where the volumes of PersistentVolumeClaims are
     * @param logs where pods' output goes
     * @param publishMillis how long a change takes to reach name servers and virtual addresses
     */
    KubernetesStandIn(
            HostNames names,
            PodNetwork network,
            PodRuntime runtime,
            Manifests manifests,
            Images images,
            Map<String, Path> claims,
            Path logs,
            Timeline timeline,
            long publishMillis) {
        this.names = names;
        this.manifests = manifests;
        this.network = network;
        this.timeline = timeline;
        this.publishMillis = publishMillis;
        Map<String, Path> allClaims = new ConcurrentHashMap<>(claims);
        var plans = new ContainerPlan(manifests, images, allClaims, network.gateway());
        kubelet = new Kubelet(runtime, network, plans, names, logs, timeline, this::publishSoon);
        Path volumes = names.directory().resolve("claims");
        for (StatefulSet set : manifests.statefulSets()) {
            add(new StatefulPods(set, kubelet, allClaims, volumes));
        }
        for (Deployment deployment : manifests.deployments()) {
            add(new DeploymentPods(deployment, kubelet));
        }
        publish();
        manifests.services().forEach(this::serve);
        var zone = new DnsZone(NAMESPACE, this::hosts, this::virtualAddress);
        servers.add(new DnsServer(new InetSocketAddress(network.gateway(), DNS_PORT), zone));
    }

    private void add(Workload workload) {
        workloads.put(workload.name(), workload);
    }

    private void serve(Service service) {
        if (ServiceEndpoints.isHeadless(service)) {
            return;
        }
        String name = service.getMetadata().getName();
        String address = network.addVirtualAddress();
        virtualAddresses.put(name, address);
        for (ServicePort port : service.getSpec().getPorts()) {
            servers.add(new VirtualService(
                    new InetSocketAddress(address, port.getPort()),
                    () -> endpoints(name).pods().stream()
                            .map(pod -> new InetSocketAddress(
                                    pod.identity().address(), ServiceEndpoints.targetPort(port, pod)))
                            .toList()));
        }
    }

    /** Starts all pods that the manifests want, and waits until they are ready. */
    void apply() {
        timeline.say("applying " + workloads.keySet() + ", " + kubelet.runtime().description());
        timeline.say("not played: " + manifests.others());
        CompletableFuture<?>[] starts = workloads.values().stream()
                .map(workload -> CompletableFuture.runAsync(() -> workload.scale(workload.wantedReplicas())))
                .toArray(CompletableFuture<?>[]::new);
        CompletableFuture.allOf(starts).join();
    }

    Workload workload(String name) {
        return Optional.ofNullable(workloads.get(name))
                .orElseThrow(
                        () -> new IllegalArgumentException(name + " (expected: one of " + workloads.keySet() + ")"));
    }

    /** Of a Service that has one, not a headless one. */
    Optional<String> virtualAddress(String service) {
        return Optional.ofNullable(virtualAddresses.get(service));
    }

    /** What should not have happened: restarts, ends by force, failures of probes. */
    List<String> incidents() {
        return List.copyOf(kubelet.incidents());
    }

    private Map<String, List<DnsZone.Host>> hosts() {
        return published.stream().collect(Collectors.toMap(ServiceEndpoints::name, ServiceEndpoints::hosts));
    }

    private ServiceEndpoints endpoints(String service) {
        return published.stream()
                .filter(endpoints -> endpoints.name().equals(service))
                .findFirst()
                .orElseThrow();
    }

    private void publishSoon() {
        kubelet.later(publishMillis, TimeUnit.MILLISECONDS, this::publish);
    }

    private void publish() {
        List<Pod> pods = kubelet.pods();
        published = manifests.services().stream()
                .map(service -> ServiceEndpoints.of(service, pods))
                .toList();
    }

    /** Ends all pods as they would be told to, by force those that do not, and removes everything. */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        List<Pod> pods = kubelet.pods();
        pods.forEach(Pod::delete);
        CompletableFuture<?>[] ends = pods.stream().map(Pod::gone).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(ends).get(END_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            kubelet.incidents().add("not ended within " + END_SECONDS + " s at the end: " + kubelet.pods());
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        abandon();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends everything at once and removes it; for a run that has failed. */
    void abandon() {
        // A test that took too long was interrupted; this must be done all the same.
        boolean interrupted = Thread.interrupted();
        kubelet.close();
        for (AutoCloseable server : servers) {
            try {
                server.close();
            } catch (Exception e) {
                timeline.say("cannot be closed: " + e);
            }
        }
        servers.clear();
        Leftovers.remove(names);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
