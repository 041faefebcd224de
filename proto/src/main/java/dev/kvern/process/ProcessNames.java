package dev.kvern.process;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.ThreadFactory;

/** How processes name themselves and their threads. Stateless. */
public final class ProcessNames {
    private ProcessNames() {}

    /** A member's id where none is configured: its role, the host's name and the process id. */
    public static String memberId(String role) {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "localhost";
        }
        return role + "-" + host + "-" + ProcessHandle.current().pid();
    }

    /** Makes threads {@code name-0}, {@code name-1} and so on that do not keep the process alive. */
    public static ThreadFactory daemonThreads(String name) {
        return new ThreadFactoryBuilder()
                .setNameFormat(name + "-%d")
                .setDaemon(true)
                .build();
    }
}
