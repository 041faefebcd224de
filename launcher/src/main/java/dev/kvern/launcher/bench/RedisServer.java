package dev.kvern.launcher.bench;

import dev.kvern.launcher.process.FreePorts;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;

/** A Redis server of our own, without persistence, a process that ends with this. Confined to a thread. */
public final class RedisServer implements AutoCloseable {
    /** What rows call it. */
    public static final String NAME = "redis";

    private static final long READY_LIMIT_SECONDS = 10;
    private static final long END_LIMIT_SECONDS = 8;
    private static final long POLL_MILLIS = 20;
    private static final int TIMEOUT_MILLIS = 60_000;
    private static final String HOST = InetAddress.getLoopbackAddress().getHostAddress();

    /** Ends the server when this process's end closes the shell's input, however that came about. */
    private static final String UNTIL_END_OF_INPUT =
            "trap : INT TERM; \"$@\" </dev/null & child=$!; cat >/dev/null; kill $child; wait $child";

    private final Process process;
    private final int port;
    private final Path log;

    private RedisServer(Process process, int port, Path log) {
        this.process = process;
        this.port = port;
        this.log = log;
        awaitReady();
    }

    /**
     * Starts it and waits until it is ready.
     *
     * @param server the program
     * @param name of its log, in {@code directory}
     * @param maxMemoryBytes what does not fit is refused: nothing is evicted
     */
    public static RedisServer start(Path server, String name, Path directory, long maxMemoryBytes) throws IOException {
        int port = FreePorts.find(1).get(0);
        Path log = directory.resolve(name + ".log");
        Process process = new ProcessBuilder(
                        "sh",
                        "-c",
                        UNTIL_END_OF_INPUT,
                        "sh",
                        server.toString(),
                        "--bind",
                        HOST,
                        "--port",
                        String.valueOf(port),
                        "--dir",
                        directory.toString(),
                        "--save",
                        "",
                        "--appendonly",
                        "no",
                        "--maxmemory",
                        String.valueOf(maxMemoryBytes),
                        "--maxmemory-policy",
                        "noeviction")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            return new RedisServer(process, port, log);
        } catch (RuntimeException e) {
            end(process);
            throw e;
        }
    }

    /** One more connection, closed by the caller. */
    public Jedis connect() {
        return new Jedis(
                new HostAndPort(HOST, port),
                DefaultJedisClientConfig.builder()
                        .timeoutMillis(TIMEOUT_MILLIS)
                        .autoNegotiateProtocol(false)
                        .build());
    }

    private void awaitReady() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(READY_LIMIT_SECONDS);
        while (true) {
            try (var jedis = connect()) {
                jedis.ping();
                return;
            } catch (JedisException e) {
                if (System.nanoTime() - deadline > 0) {
                    throw new KvernException(
                            ErrorReason.UNAVAILABLE, "redis-server: not ready, it said:\n" + printed(), e);
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
            }
        }
    }

    private String printed() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return "(no log: " + e + ")";
        }
    }

    @Override
    public void close() {
        end(process);
    }

    private static void end(Process process) {
        try {
            process.getOutputStream().close();
            if (!process.waitFor(END_LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
