package dev.kvern.it.deploy;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the downward API tells a pod of itself.
 *
 * @param uid unique over time, unlike the name
 * @param address the pod's own
 * @param hostAddress of the machine that it runs on
 */
record PodIdentity(
        String name,
        String namespace,
        String uid,
        Map<String, String> labels,
        Map<String, String> annotations,
        String serviceAccount,
        String address,
        String hostAddress) {
    /** There is one machine. */
    static final String MACHINE = "stand-in";

    private static final Pattern ENTRY = Pattern.compile("metadata\\.(labels|annotations)\\['([^']+)']");

    /**
     * The value of a {@code fieldRef}.
     *
     * @throws IllegalArgumentException if Kubernetes, or this stand-in, knows no such field
     */
    String field(String path) {
        Matcher entry = ENTRY.matcher(path);
        if (entry.matches()) {
            return (entry.group(1).equals("labels") ? labels : annotations).getOrDefault(entry.group(2), "");
        }
        return switch (path) {
            case "metadata.name" -> name;
            case "metadata.namespace" -> namespace;
            case "metadata.uid" -> uid;
            case "spec.nodeName" -> MACHINE;
            case "spec.serviceAccountName" -> serviceAccount;
            case "status.podIP", "status.podIPs" -> address;
            case "status.hostIP", "status.hostIPs" -> hostAddress;
            default ->
                throw new IllegalArgumentException(
                        "fieldPath: " + path
                                + " (expected: metadata.name, metadata.labels['KEY'], status.podIP or another that the stand-in knows)");
        };
    }
}
