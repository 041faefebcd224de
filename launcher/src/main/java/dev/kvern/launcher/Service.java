package dev.kvern.launcher;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/** Runs a process's composition root until it ends, is told to stop, or its parent is gone. */
final class Service {
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
