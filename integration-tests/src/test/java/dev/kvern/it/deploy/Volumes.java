package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A pod's volumes as directories of the host: ConfigMaps and Secrets written out once (they do not change under a pod), emptyDirs
 * (those in memory too are on disk), hostPaths, and claims by name.
 */
final class Volumes {
    private static final int DEFAULT_MODE = 0644;

    private final Manifests manifests;
    private final Map<String, Path> claims;
    private final Path directory;
    private final Map<String, Path> byName = new LinkedHashMap<>();

    /**
     * @param claims where the volumes of PersistentVolumeClaims are
     * @param directory the pod's own
     */
    Volumes(Manifests manifests, Map<String, Path> claims, Path directory, PodSpec pod) {
        this.manifests = manifests;
        this.claims = claims;
        this.directory = directory;
        Long group = pod.getSecurityContext() == null
                ? null
                : pod.getSecurityContext().getFsGroup();
        for (Volume volume : pod.getVolumes()) {
            byName.put(volume.getName(), create(volume, group));
        }
    }

    List<Mount> of(Container container) {
        var mounts = new ArrayList<Mount>();
        for (VolumeMount mount : container.getVolumeMounts()) {
            Path source = byName.get(mount.getName());
            if (source == null) {
                throw new IllegalArgumentException(
                        "volumeMounts: " + mount.getName() + " (expected: a volume of the pod)");
            }
            String inside = mount.getSubPath();
            mounts.add(new Mount(
                    inside == null || inside.isEmpty() ? source : source.resolve(inside),
                    mount.getMountPath(),
                    Boolean.TRUE.equals(mount.getReadOnly())));
        }
        return mounts;
    }

    private Path create(Volume volume, @Nullable Long group) {
        Path place = directory.resolve(volume.getName());
        if (volume.getConfigMap() != null) {
            var source = volume.getConfigMap();
            ConfigMap map = manifests.configMaps().get(source.getName());
            var content = new LinkedHashMap<String, byte[]>();
            if (map != null) {
                map.getData().forEach((key, text) -> content.put(key, text.getBytes(StandardCharsets.UTF_8)));
            }
            boolean optional = Boolean.TRUE.equals(source.getOptional());
            return write(
                    place, volume, map != null || optional, content, source.getItems(), source.getDefaultMode(), group);
        }
        if (volume.getSecret() != null) {
            var source = volume.getSecret();
            Secret secret = manifests.secrets().get(source.getSecretName());
            Map<String, byte[]> content = secret == null ? Map.of() : SecretData.of(secret);
            boolean optional = Boolean.TRUE.equals(source.getOptional());
            return write(
                    place,
                    volume,
                    secret != null || optional,
                    content,
                    source.getItems(),
                    source.getDefaultMode(),
                    group);
        }
        if (volume.getEmptyDir() != null) {
            return directory(place, group);
        }
        if (volume.getHostPath() != null) {
            return Path.of(volume.getHostPath().getPath());
        }
        if (volume.getPersistentVolumeClaim() != null) {
            String claim = volume.getPersistentVolumeClaim().getClaimName();
            return Optional.ofNullable(claims.get(claim))
                    .orElseThrow(() -> new IllegalArgumentException(
                            "claimName: " + claim + " (expected: one of " + claims.keySet() + ")"));
        }
        throw new IllegalArgumentException("volume " + volume.getName()
                + " (expected: configMap, secret, emptyDir, hostPath or persistentVolumeClaim)");
    }

    private static Path write(
            Path place,
            Volume volume,
            boolean there,
            Map<String, byte[]> content,
            @Nullable List<KeyToPath> items,
            @Nullable Integer defaultMode,
            @Nullable Long group) {
        if (!there) {
            throw new IllegalArgumentException("volume " + volume.getName() + ": what it names is not there");
        }
        directory(place, group);
        int mode = defaultMode == null ? DEFAULT_MODE : defaultMode;
        if (items == null || items.isEmpty()) {
            content.forEach((key, bytes) -> write(place.resolve(key), bytes, mode, group));
        } else {
            for (KeyToPath item : items) {
                byte[] bytes = content.get(item.getKey());
                if (bytes == null) {
                    throw new IllegalArgumentException("volume " + volume.getName() + ": no key " + item.getKey());
                }
                write(place.resolve(item.getPath()), bytes, item.getMode() == null ? mode : item.getMode(), group);
            }
        }
        return place;
    }

    private static void write(Path file, byte[] bytes, int mode, @Nullable Long group) {
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, bytes);
            // A group of its own reads what its owner does, as the kubelet sees to.
            own(file, group == null ? mode : mode | (mode & 0400) >> 3, group);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Anybody's to write, as an emptyDir is. */
    static Path directory(Path place, @Nullable Long group) {
        try {
            Files.createDirectories(place);
            own(place, 0777, group);
            return place;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void own(Path file, int mode, @Nullable Long group) throws IOException {
        if (group != null) {
            Files.setAttribute(file, "unix:gid", Math.toIntExact(group));
        }
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions(mode)));
    }

    /** Such as rw-r-----. */
    private static String permissions(int mode) {
        var text = new StringBuilder();
        for (int bit = 8; bit >= 0; bit--) {
            text.append((mode >> bit & 1) == 1 ? "xwr".charAt(bit % 3) : '-');
        }
        return text.toString();
    }
}
