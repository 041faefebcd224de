package dev.kvern.runner.engine;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Requests that wait, and whose turn it is.
 *
 * <p>Preempted requests go first: no new one is admitted before all of them go on, so that the requests under way always
 * come to an end. Among new ones a tenant's turn comes by a virtual token counter (VTC: Sheng et al., "Fairness in Serving
 * Large Language Models", OSDI 2024): it grows with the tokens that a tenant is served, the lowest goes first, and a tenant
 * that comes back from a pause starts no lower than those that wait, so that a pause saves nothing up. A step of priority
 * counts like {@value #TOKENS_PER_PRIORITY} tokens less. So the head start that priority gives one tenant over another is
 * bounded, a tenant that is not served always comes to be the lowest, and a flood by one delays another by its running
 * requests, not by its queue. Within a tenant {@link Sequence#BY_URGENCY} decides.
 *
 * <p>Taking the next costs a look at each tenant that waits. Confined to the engine's thread.
 */
final class FairQueue {
    /** What a generated token counts; a prompt token that must be computed counts 1. As in the paper. */
    static final int GENERATED_WEIGHT = 2;

    static final long TOKENS_PER_PRIORITY = 512;

    /** Tenants without requests whose counters are remembered; the ones away longest are forgotten. */
    private static final int MAX_IDLE = 4_096;

    private final TreeSet<Sequence> preempted = new TreeSet<>(Sequence.BY_URGENCY);

    /** Those that have requests. */
    private final Map<String, Tenant> tenants = new HashMap<>();

    /** Counters of those that have none. */
    private final Map<String, Long> idle = new LinkedHashMap<>();

    /** The counter of the tenant whose queue was emptied last: where one starts that comes when nobody waits. */
    private long lastServed;

    private int size;
    private long promptTokens;

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** New requests that wait, by tenant. */
    Map<String, Integer> sizes() {
        var sizes = new HashMap<String, Integer>();
        tenants.forEach((salt, tenant) -> sizes.put(salt, tenant.waiting.size()));
        return sizes;
    }

    /** Tokens of the texts that wait to be prefilled. */
    long promptTokens() {
        return promptTokens;
    }

    /** All that wait, in no particular order. The action must not change the queue. */
    void forEach(Consumer<Sequence> action) {
        preempted.forEach(action);
        tenants.values().forEach(tenant -> tenant.waiting.forEach(action));
    }

    /** Takes a new request. */
    void add(Sequence sequence) {
        Tenant tenant = tenants.computeIfAbsent(sequence.task.salt(), this::opened);
        if (tenant.waiting.isEmpty()) {
            long least = tenants.values().stream()
                    .filter(other -> !other.waiting.isEmpty())
                    .mapToLong(other -> other.served)
                    .min()
                    .orElse(lastServed);
            tenant.served = Math.max(tenant.served, least);
        }
        tenant.waiting.add(sequence);
        count(sequence, 1);
    }

    /** The request whose turn it is. */
    Optional<Sequence> peek() {
        if (!preempted.isEmpty()) {
            return Optional.of(preempted.first());
        }
        return tenants.values().stream()
                .filter(tenant -> !tenant.waiting.isEmpty())
                .map(tenant -> tenant.waiting.first())
                .min(Comparator.comparingLong(this::turn).thenComparing(Sequence.BY_URGENCY));
    }

    /** Moves a waiting request to the admitted ones. */
    void admitted(Sequence sequence) {
        if (preempted.remove(sequence)) {
            count(sequence, -1);
            return;
        }
        Tenant tenant = tenantOf(sequence);
        take(tenant, sequence);
        tenant.running++;
    }

    /** Takes an admitted request back, to go on before any new one. */
    void preempted(Sequence sequence) {
        preempted.add(sequence);
        count(sequence, 1);
    }

    /** Counts tokens that an admitted request is served. */
    void served(Sequence sequence, long weightedTokens) {
        tenantOf(sequence).served += weightedTokens;
    }

    /** Forgets a request, whether it waits or was admitted. */
    void left(Sequence sequence) {
        Tenant tenant = tenantOf(sequence);
        if (tenant.waiting.contains(sequence)) {
            take(tenant, sequence);
        } else {
            if (preempted.remove(sequence)) {
                count(sequence, -1);
            }
            tenant.running--;
        }
        if (tenant.idle()) {
            tenants.remove(tenant.salt);
            idle.remove(tenant.salt);
            idle.put(tenant.salt, tenant.served);
            if (idle.size() > MAX_IDLE) {
                idle.remove(idle.keySet().iterator().next());
            }
        }
    }

    private long turn(Sequence head) {
        return tenantOf(head).served - TOKENS_PER_PRIORITY * head.task.priority();
    }

    private void take(Tenant tenant, Sequence sequence) {
        tenant.waiting.remove(sequence);
        count(sequence, -1);
        if (tenant.waiting.isEmpty()) {
            lastServed = tenant.served;
        }
    }

    private void count(Sequence sequence, int change) {
        size += change;
        promptTokens += (long) change * sequence.prompt.tokens.length;
    }

    private Tenant opened(String salt) {
        var tenant = new Tenant(salt);
        Long before = idle.remove(salt);
        tenant.served = before == null ? 0 : before;
        return tenant;
    }

    private Tenant tenantOf(Sequence sequence) {
        Tenant tenant = tenants.get(sequence.task.salt());
        if (tenant == null) {
            throw new NoSuchElementException("no tenant of request " + sequence.task.requestId());
        }
        return tenant;
    }
}
