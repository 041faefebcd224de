package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.Capabilities;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecurityContext;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Turns a pod's manifest into the container to be run, as a kubelet does. */
final class ContainerPlan {
    private final Manifests manifests;
    private final Images images;
    private final Map<String, Path> claims;
    private final String nameServer;

    /**
     * @param claims where the volumes of PersistentVolumeClaims are
     * @param nameServer its address
     */
    ContainerPlan(Manifests manifests, Images images, Map<String, Path> claims, String nameServer) {
        this.manifests = manifests;
        this.images = images;
        this.claims = claims;
        this.nameServer = nameServer;
    }

    /** The one container of a pod; others are refused. */
    static Container only(PodSpec pod) {
        if (pod.getContainers().size() != 1 || !pod.getInitContainers().isEmpty()) {
            throw new IllegalArgumentException(
                    "containers: " + pod.getContainers().size() + ", initContainers: "
                            + pod.getInitContainers().size() + " (expected: one container)");
        }
        return pod.getContainers().get(0);
    }

    /**
     * @param directory the pod's own, for its volumes
     * @param log where its output goes
     */
    ContainerSpec plan(PodSpec pod, PodIdentity identity, PodInterface network, Path directory, Path log) {
        Container container = only(pod);
        Image image = images.image(container.getImage());
        Map<String, String> environment = new Environment(manifests, identity).of(container, image.environment());
        SecurityContext own =
                Optional.ofNullable(container.getSecurityContext()).orElseGet(SecurityContext::new);
        PodSecurityContext shared =
                Optional.ofNullable(pod.getSecurityContext()).orElseGet(PodSecurityContext::new);
        long user = first(own.getRunAsUser(), shared.getRunAsUser(), imageId(image, 0));
        if (user == 0 && Boolean.TRUE.equals(firstOf(own.getRunAsNonRoot(), shared.getRunAsNonRoot()))) {
            throw new IllegalArgumentException("runAsNonRoot, but " + container.getImage() + " runs as root");
        }
        var groups = new ArrayList<>(
                Optional.ofNullable(shared.getSupplementalGroups()).orElse(List.of()));
        Optional.ofNullable(shared.getFsGroup()).ifPresent(groups::add);
        var mounts = new ArrayList<>(new Volumes(manifests, claims, directory.resolve("volumes"), pod).of(container));
        mounts.addAll(new PodFiles(identity, nameServer).write(directory.resolve("etc")));
        return new ContainerSpec(
                network.namespace(),
                image,
                arguments(container, image, environment),
                environment,
                Optional.ofNullable(container.getWorkingDir()).orElse(image.workingDirectory()),
                user,
                first(own.getRunAsGroup(), shared.getRunAsGroup(), imageId(image, 1)),
                groups,
                Boolean.TRUE.equals(own.getReadOnlyRootFilesystem()),
                !Boolean.FALSE.equals(own.getAllowPrivilegeEscalation()),
                capabilities(own.getCapabilities()),
                mounts,
                limit(container, "memory")
                        .map(q -> Quantity.getAmountInBytes(q).longValueExact())
                        .orElse(0L),
                limit(container, "cpu").map(ContainerPlan::millis).orElse(0L),
                identity.name(),
                network,
                log);
    }

    private static List<String> arguments(Container container, Image image, Map<String, String> environment) {
        boolean ownCommand = !container.getCommand().isEmpty();
        Stream<String> command = (ownCommand ? container.getCommand() : image.entrypoint()).stream();
        // Arguments of an image are its own command's.
        Stream<String> arguments = !container.getArgs().isEmpty()
                ? container.getArgs().stream()
                : ownCommand ? Stream.of() : image.command().stream();
        return Stream.concat(command, arguments)
                .map(text -> Expansion.expand(text, environment))
                .toList();
    }

    /** What is left of a container runtime's usual capabilities; the stand-in gives none that is not asked for by name. */
    private static List<String> capabilities(@Nullable Capabilities capabilities) {
        return capabilities == null
                ? List.of()
                : capabilities.getAdd().stream().map(name -> "CAP_" + name).toList();
    }

    private static Optional<Quantity> limit(Container container, String resource) {
        return Optional.ofNullable(container.getResources())
                .map(resources -> resources.getLimits())
                .map(limits -> limits.get(resource));
    }

    private static long millis(Quantity cpu) {
        return cpu.getNumericalAmount().movePointRight(3).longValue();
    }

    /** The image's own user (0) or group (1). */
    private static long imageId(Image image, int part) {
        String[] parts = image.user().isEmpty() ? new String[0] : image.user().split(":");
        return part < parts.length ? Long.parseLong(parts[part]) : 0;
    }

    private static long first(@Nullable Long own, @Nullable Long shared, long otherwise) {
        return Objects.requireNonNullElse(firstOf(own, shared), otherwise);
    }

    private static <T> @Nullable T firstOf(@Nullable T own, @Nullable T shared) {
        return own != null ? own : shared;
    }
}
