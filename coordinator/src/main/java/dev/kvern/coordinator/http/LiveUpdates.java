package dev.kvern.coordinator.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.MemberStats;
import java.util.HashMap;
import java.util.Map;

/** What has changed since the last time, for pages that know the rest. Confined to a thread. */
final class LiveUpdates {
    private final DashboardData data;
    private final StateJson json;
    private Map<String, MemberStats> members = Map.of();
    private long requests;
    private long events;
    private long prefixes = -1;

    LiveUpdates(DashboardData data, StateJson json) {
        this.data = data;
        this.json = json;
    }

    /** The figures, and of members, requests and events only what is new. */
    ObjectNode next() {
        GetClusterStatsResponse stats = data.figures().stats();
        ObjectNode root = json.figures(stats);
        addMembers(root, stats);
        long added = data.requests().added();
        if (added != requests) {
            int missed = (int) Math.min(StateJson.SHOWN_REQUESTS, added - requests);
            root.set("requests", json.requests(data.requests().newest(missed)));
            requests = added;
        }
        long happened = data.events().added();
        if (happened != events) {
            root.set("events", json.events(events));
            events = happened;
        }
        long revision = data.prefixes().revision();
        if (revision != prefixes) {
            root.put("prefixes", revision);
            prefixes = revision;
        }
        return root;
    }

    private void addMembers(ObjectNode root, GetClusterStatsResponse stats) {
        Map<String, MemberStats> now = new HashMap<>();
        ArrayNode changed = JsonText.array();
        for (MemberStats member : stats.getMembersList()) {
            // Silence grows by itself: the page counts it.
            MemberStats lasting = member.toBuilder().clearSilentMillis().build();
            String id = member.getMember().getId();
            now.put(id, lasting);
            if (!lasting.equals(members.get(id))) {
                changed.add(MemberJson.of(member));
            }
        }
        ArrayNode gone = JsonText.array();
        members.keySet().stream().filter(id -> !now.containsKey(id)).forEach(gone::add);
        members = now;
        if (!changed.isEmpty()) {
            root.set("members", changed);
        }
        if (!gone.isEmpty()) {
            root.set("gone", gone);
        }
    }
}
