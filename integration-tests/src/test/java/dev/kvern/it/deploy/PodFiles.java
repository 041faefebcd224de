package dev.kvern.it.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files of {@code /etc} that a kubelet writes for each pod. */
final class PodFiles {
    static final String DOMAIN = "cluster.local";

    private final PodIdentity pod;
    private final String nameServer;

    PodFiles(PodIdentity pod, String nameServer) {
        this.pod = pod;
        this.nameServer = nameServer;
    }

    List<Mount> write(Path directory) {
        try {
            Files.createDirectories(directory);
            return List.of(
                    file(directory, "hostname", pod.name() + "\n"),
                    file(directory, "hosts", "127.0.0.1 localhost\n" + pod.address() + " " + pod.name() + "\n"),
                    file(directory, "resolv.conf", resolvConf()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String resolvConf() {
        String services = "svc." + DOMAIN;
        return "search " + pod.namespace() + "." + services + " " + services + " " + DOMAIN + "\nnameserver "
                + nameServer + "\noptions ndots:5\n";
    }

    private static Mount file(Path directory, String name, String content) throws IOException {
        return new Mount(Files.writeString(directory.resolve(name), content), "/etc/" + name, true);
    }
}
