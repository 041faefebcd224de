package dev.kvern.coordinator.membership;

import dev.kvern.cluster.MapVersion;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.HostPort;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.PartitionMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the members: who registered, who is heard, who fell silent; and the partition map of those that are nodes. Readers get an immutable snapshot. Safe for use by
 * several threads; changes are guarded by this, listeners hear them in order.
 */
public final class MemberRegistry {
    private static final Logger log = LoggerFactory.getLogger(MemberRegistry.class);
    private static final int MAX_NAME = 256;

    private final MembershipLimits limits;
    private final LongSupplier nanoTime;
    private final List<Consumer<MemberList>> listeners = new CopyOnWriteArrayList<>();
    private final List<Consumer<MemberStatus>> departureListeners = new CopyOnWriteArrayList<>();
    private final List<Consumer<MemberStatus>> heartbeatListeners = new CopyOnWriteArrayList<>();
    private final ToldMaps maps = new ToldMaps();
    private boolean keepingAll;
    private volatile MemberList current = MemberList.EMPTY;

    /** @param nanoTime the clock of leases */
    public MemberRegistry(MembershipLimits limits, LongSupplier nanoTime) {
        this.limits = limits;
        this.nanoTime = nanoTime;
    }

    public MemberList current() {
        return current;
    }

    /** Since when a member is silent, in milliseconds. */
    public long silentMillis(MemberStatus member) {
        return TimeUnit.NANOSECONDS.toMillis(nanoTime.getAsLong() - member.heardAtNanos());
    }

    /** Hears every new membership, one at a time, on the thread that changed it; must not block. */
    public void onChange(Consumer<MemberList> listener) {
        synchronized (this) {
            listeners.add(listener);
            listener.accept(current);
        }
    }

    /** Hears of every member that left or was forgotten, with the last that was known of it; must not block. */
    public void onDeparture(Consumer<MemberStatus> listener) {
        departureListeners.add(listener);
    }

    /** Hears of every heartbeat, before anyone reads its load; must not block. */
    public void onHeartbeat(Consumer<MemberStatus> listener) {
        heartbeatListeners.add(listener);
    }

    /**
     * Adds a member, or replaces what was known of one with its id.
     *
     * @throws KvernException INVALID_ARGUMENT for a member that cannot be, RESOURCE_EXHAUSTED if there are too many
     */
    public synchronized void register(Member member) {
        check(member);
        Map<String, MemberStatus> members = new HashMap<>(current.byId());
        MemberStatus before = members.get(member.getId());
        if (before == null && members.size() >= limits.maxMembers()) {
            throw new KvernException(
                    ErrorReason.RESOURCE_EXHAUSTED,
                    "members: " + members.size() + " (expected: fewer than membership.max_members, "
                            + limits.maxMembers() + ")");
        }
        if (before != null
                && before.isUp()
                && before.member().getStartedAtMillis() != member.getStartedAtMillis()
                && !before.member().getAddress().equals(member.getAddress())) {
            log.warn(
                    "member {} at {} takes the place of one at {}: two processes of one id, or a quick restart",
                    member.getId(),
                    member.getAddress(),
                    before.member().getAddress());
        }
        Member up = member.toBuilder().setState(MemberState.MEMBER_STATE_UP).build();
        members.put(member.getId(), new MemberStatus(up, nanoTime.getAsLong(), HeartbeatRequest.getDefaultInstance()));
        maps.forget(member.getId());
        log.info("{} {} at {} joined", roleName(member), member.getId(), member.getAddress());
        publish(members);
    }

    /**
     * Notes that a member lives.
     *
     * @throws KvernException NOT_FOUND if it must register first
     */
    public synchronized void heartbeat(HeartbeatRequest heartbeat) {
        MemberStatus before = current.byId().get(heartbeat.getMemberId());
        if (before == null) {
            throw new KvernException(
                    ErrorReason.NOT_FOUND,
                    "member_id: '" + heartbeat.getMemberId() + "' (expected: a registered member; register again)");
        }
        MemberState state = heartbeat.getDraining() ? MemberState.MEMBER_STATE_DRAINING : MemberState.MEMBER_STATE_UP;
        Map<String, MemberStatus> members = new HashMap<>(current.byId());
        // The map is kept once, not for each node.
        HeartbeatRequest load = heartbeat.hasPartitionMap()
                ? heartbeat.toBuilder().clearPartitionMap().build()
                : heartbeat;
        MemberStatus heard = before.heard(load, state, nanoTime.getAsLong());
        members.put(before.id(), heard);
        heartbeatListeners.forEach(listener -> listener.accept(heard));
        if (before.member().getState() == state) {
            current = new MemberList(current.revision(), members, current.partitionMap());
        } else {
            log.info("{} {} is {} again", roleName(before.member()), before.id(), state);
            publish(members);
        }
    }

    /** Notes a node's partition map. What it says is for those who ask the nodes. */
    public synchronized void learn(String nodeId, PartitionMap map) {
        maps.told(nodeId, map);
        PartitionMap holds = maps.elect(current.byId(), current.partitionMap());
        if (!holds.getVersion().equals(current.partitionMap().getVersion())) {
            log.debug("partition map {} of {} nodes", MapVersion.of(holds.getVersion()), holds.getNodeIdsCount());
            publish(current.byId());
        }
    }

    /** Forgets a member that leaves. */
    public synchronized void deregister(String id) {
        Map<String, MemberStatus> members = new HashMap<>(current.byId());
        MemberStatus before = members.remove(id);
        if (before != null) {
            log.info("{} {} left", roleName(before.member()), id);
            publish(members);
        }
    }

    /** Calls silent members down, and forgets those that were for long. To be called at short intervals. */
    public synchronized void expire() {
        if (keepingAll) {
            return;
        }
        long now = nanoTime.getAsLong();
        Map<String, MemberStatus> members = new HashMap<>(current.byId());
        boolean changed = false;
        for (MemberStatus member : current.all()) {
            long silent = TimeUnit.NANOSECONDS.toMillis(now - member.heardAtNanos());
            if (silent > limits.forgetMillis()) {
                members.remove(member.id());
                changed = true;
            } else if (silent > limits.leaseMillis() && member.member().getState() != MemberState.MEMBER_STATE_DOWN) {
                log.warn("{} {} is down: silent for {} ms", roleName(member.member()), member.id(), silent);
                members.put(member.id(), member.in(MemberState.MEMBER_STATE_DOWN));
                changed = true;
            }
        }
        if (changed) {
            publish(members);
        }
    }

    /** Counts nobody as lost from now on: it is this process that does not hear any more. */
    public synchronized void keepAll() {
        keepingAll = true;
    }

    private void publish(Map<String, MemberStatus> members) {
        MemberList before = current;
        MemberList next = new MemberList(before.revision() + 1, members, maps.elect(members, before.partitionMap()));
        current = next;
        for (MemberStatus member : before.all()) {
            if (!next.byId().containsKey(member.id())) {
                departureListeners.forEach(listener -> listener.accept(member));
            }
        }
        listeners.forEach(listener -> listener.accept(next));
    }

    private static void check(Member member) {
        if (member.getId().isBlank() || member.getId().length() > MAX_NAME) {
            throw KvernException.invalid(
                    "member.id", "'" + member.getId() + "'", "a name of 1 to " + MAX_NAME + " characters");
        }
        if (member.getRole() != MemberRole.MEMBER_ROLE_NODE && member.getRole() != MemberRole.MEMBER_ROLE_RUNNER) {
            throw KvernException.invalid("member.role", member.getRole(), "MEMBER_ROLE_NODE or MEMBER_ROLE_RUNNER");
        }
        if (!HostPort.isValid(member.getAddress())) {
            throw KvernException.invalid("member.address", "'" + member.getAddress() + "'", "HOST:PORT");
        }
        if (member.getRole() == MemberRole.MEMBER_ROLE_RUNNER && member.getModelsCount() == 0) {
            throw KvernException.invalid("member.models", "none", "at least 1 for a runner");
        }
    }

    private static String roleName(Member member) {
        return member.getRole() == MemberRole.MEMBER_ROLE_RUNNER ? "runner" : "node";
    }
}
