package dev.kvern.launcher;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/**
 * Runs a process's composition root until it ends, is told to stop, or its parent is gone. Told to stop by SIGTERM or SIGINT it ends
 * in its own time, with exit code 0: whoever runs it sees that nothing has failed. (A JVM left to itself would end with 143.)
 */
final class Service {
    private static final List<String> STOP_SIGNALS = List.of("TERM", "INT");

    private static final Logger log = LoggerFactory.getLogger(Service.class);

    private final AtomicBoolean closed = new AtomicBoolean();
    private final Closing close;
    private final Waiting await;

    /** Ends the process's parts. */
    @FunctionalInterface
    interface Closing {
        void close();
    }

    /** Blocks until the process's server has stopped. */
    @FunctionalInterface
    interface Waiting {
        void await() throws InterruptedException;
    }

    private Service(Closing close, Waiting await) {
        this.close = close;
        this.await = await;
    }

    /**
     * Prints the ready line and blocks.
     *
     * @return 1: a service that was told to stop never gets here, so it has ended by itself, and is to be started again
     */
    static int run(String readyLine, Closing close, Waiting await, boolean exitWithParent) throws InterruptedException {
        var service = new Service(close, await);
        var hook = new Thread(service::closeOnce, "kvern-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        STOP_SIGNALS.forEach(Service::exitAt);
        System.out.println(readyLine);
        System.out.flush();
        if (exitWithParent) {
            var watch = new Thread(Service::exitAtEndOfInput, "kvern-parent-watch");
            watch.setDaemon(true);
            watch.start();
        }
        service.await.await();
        return Kvern.FAILED;
    }

    private static void exitAt(String signal) {
        try {
            Signal.handle(new Signal(signal), received -> System.exit(0));
        } catch (IllegalArgumentException e) {
            log.debug("SIG{} is left to the JVM: {}", signal, e.getMessage());
        }
    }

    private void closeOnce() {
        if (closed.compareAndSet(false, true)) {
            close.close();
        }
    }

    private static void exitAtEndOfInput() {
        try {
            while (System.in.read() >= 0) {
                // Nothing is said this way.
            }
        } catch (IOException e) {
            // The same as its end.
        }
        System.exit(0);
    }
}
