package dev.kvern.launcher.bench;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * The management beans of a JVM of ours. Its management agent is started through the attach interface, so services need nothing
 * for it; it costs them some threads and a few MiB.
 */
public final class JvmConnection implements AutoCloseable {
    private final JMXConnector connector;
    private final MBeanServerConnection beans;

    private JvmConnection(JMXConnector connector) throws IOException {
        this.connector = connector;
        this.beans = connector.getMBeanServerConnection();
    }

    /** @throws KvernException UNAVAILABLE if that JVM cannot be attached to */
    // The address that is looked up is the one that the process itself has just told: one of ours, on this machine.
    @SuppressWarnings("BanJNDI")
    public static JvmConnection attach(ServiceProcess process) {
        try {
            VirtualMachine machine = VirtualMachine.attach(String.valueOf(process.pid()));
            String address;
            try {
                address = machine.startLocalManagementAgent();
            } finally {
                machine.detach();
            }
            return new JvmConnection(JMXConnectorFactory.connect(new JMXServiceURL(address)));
        } catch (IOException | AttachNotSupportedException e) {
            throw new KvernException(
                    ErrorReason.UNAVAILABLE,
                    process.name() + ": " + e + " (expected: a JVM of this user's that can be attached to)",
                    e);
        }
    }

    public MBeanServerConnection beans() {
        return beans;
    }

    @Override
    public void close() {
        try {
            connector.close();
        } catch (IOException e) {
            // The process is ended next.
        }
    }
}
