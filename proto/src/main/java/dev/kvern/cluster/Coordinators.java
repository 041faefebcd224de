package dev.kvern.cluster;

import dev.kvern.process.ProcessNames;
import dev.kvern.rpc.HostPort;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The coordinators that a process is a member at, with a link to each. Their names are looked up again and again: coordinators come
 * and go, and a name may stand for several (a headless service's name in Kubernetes does). A look-up that fails, or finds
 * nothing, changes nothing; an address that a name no longer has is given up once it has been missing for some looks and nobody
 * answers there. Safe for use by several threads; guarded by this, look-ups run outside of it.
 */
public final class Coordinators implements AutoCloseable {
    /** A name that stands for more is none of coordinators. */
    static final int MAX_LINKS = 32;

    /** Answers during a reload of the name server may lack some. */
    static final int LOOKS_WITHOUT = 5;

    /** Who still answers after so many is somebody else, at an address that was given away anew. */
    static final int MOST_LOOKS_WITHOUT = 60;

    private static final Logger log = LoggerFactory.getLogger(Coordinators.class);
    private static final long LOOK_MILLIS = 1_000;

    private final List<String> names;
    private final HostLookup lookup;
    private final Function<String, ? extends CoordinatorLink> connect;

    /** On a thread of its own: a look-up may wait for a name server that does not answer. */
    private final ScheduledExecutorService looker;

    /** By address. */
    private final Map<String, Held> links = new LinkedHashMap<>();

    /** What each name stood for when that was last known. */
    private final Map<String, Set<String>> found = new LinkedHashMap<>();

    private final Set<String> unknownNames = new HashSet<>();
    private boolean draining;
    private boolean tooMany;
    private boolean closed;

    /** A link, and for how many looks in a row no name has had its address. */
    private static final class Held {
        final CoordinatorLink link;
        int missing;

        Held(CoordinatorLink link) {
            this.link = link;
        }
    }

    /**
     * @param names HOST:PORT, or several with commas between them
     * @param connect makes the link to the coordinator at an address; it is started and closed here
     * @param looker looks names up; closed here
     */
    Coordinators(
            String names,
            HostLookup lookup,
            Function<String, ? extends CoordinatorLink> connect,
            ScheduledExecutorService looker) {
        this.names = HostPort.list(names);
        this.lookup = lookup;
        this.connect = connect;
        this.looker = looker;
    }

    /**
     * Links to those that names stand for, now and later; returns at once.
     *
     * @param names HOST:PORT, or several with commas between them
     * @param connect makes the link to the coordinator at HOST:PORT, an address; it is started and closed here
     */
    public static Coordinators follow(String names, Function<String, ? extends CoordinatorLink> connect) {
        var coordinators = new Coordinators(
                names,
                HostLookup.SYSTEM,
                connect,
                Executors.newSingleThreadScheduledExecutor(ProcessNames.daemonThreads("kvern-coordinators")));
        coordinators.looker.scheduleWithFixedDelay(coordinators::look, 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
        return coordinators;
    }

    /**
     * Says to all of them from now on that no new work is wanted.
     *
     * @return done once all those that are known now have heard it, or cannot
     */
    public synchronized CompletableFuture<Void> draining() {
        draining = true;
        return CompletableFuture.allOf(
                links.values().stream().map(held -> held.link.draining()).toArray(CompletableFuture[]::new));
    }

    /** Looks all names up once. */
    void look() {
        try {
            var answers = new LinkedHashMap<String, Set<String>>();
            for (String name : names) {
                Set<String> addresses = addresses(name);
                if (!addresses.isEmpty()) {
                    answers.put(name, addresses);
                }
            }
            if (!answers.isEmpty()) {
                update(answers).forEach(CoordinatorLink::close);
            }
        } catch (RuntimeException e) {
            // The timer would not call again.
            log.error("looking for coordinators failed", e);
        }
    }

    private Set<String> addresses(String name) {
        var addresses = new LinkedHashSet<String>();
        try {
            for (String address : lookup.addresses(HostPort.host(name))) {
                addresses.add(HostPort.of(address, HostPort.port(name)));
            }
        } catch (UnknownHostException e) {
            log.debug("{} has no address now", name);
        }
        if (!addresses.isEmpty()) {
            unknownNames.remove(name);
        } else if (unknownNames.add(name)) {
            log.warn("coordinator: '{}' has no address now; looking on", name);
        }
        return addresses;
    }

    /** Takes answers over; returns links that are to be closed. */
    private synchronized List<CoordinatorLink> update(Map<String, Set<String>> answers) {
        if (closed) {
            return List.of();
        }
        found.putAll(answers);
        var all = new LinkedHashSet<String>();
        found.values().forEach(all::addAll);
        var gone = new ArrayList<CoordinatorLink>();
        links.entrySet().removeIf(entry -> {
            Held held = entry.getValue();
            held.missing = all.contains(entry.getKey()) ? 0 : held.missing + 1;
            boolean mayBeBack =
                    held.missing < LOOKS_WITHOUT || (held.missing < MOST_LOOKS_WITHOUT && held.link.isInContact());
            if (mayBeBack) {
                return false;
            }
            log.info("no coordinator at {} any more", entry.getKey());
            gone.add(held.link);
            return true;
        });
        for (String address : all) {
            if (links.containsKey(address)) {
                continue;
            }
            if (links.size() >= MAX_LINKS) {
                if (!tooMany) {
                    log.warn("coordinators: {} (expected: at most {}); the rest is not asked", all.size(), MAX_LINKS);
                }
                tooMany = true;
                break;
            }
            try {
                open(address);
                log.info("coordinator at {}", address);
            } catch (RuntimeException e) {
                // The others are no worse for it, and those that are gone are to be closed.
                log.error("no link to the coordinator at {}", address, e);
            }
        }
        return gone;
    }

    private void open(String address) {
        CoordinatorLink link = connect.apply(address);
        if (draining) {
            var ignored = link.draining();
        }
        links.put(address, new Held(link));
        link.start();
    }

    /** Leaves all of them at the same time: one that does not answer does not keep the others waiting. */
    @Override
    public void close() {
        looker.shutdownNow();
        List<CoordinatorLink> left;
        synchronized (this) {
            closed = true;
            left = links.values().stream().map(held -> held.link).toList();
            links.clear();
        }
        var threads = ProcessNames.daemonThreads("kvern-leave");
        List<Thread> leaving =
                left.stream().map(link -> threads.newThread(link::close)).toList();
        leaving.forEach(Thread::start);
        try {
            for (Thread thread : leaving) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
