package dev.kvern.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.coordinator.DashboardDataForTests;
import dev.kvern.coordinator.Members;
import dev.kvern.coordinator.SteppedClock;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.coordinator.stats.EventLog;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.Usage;
import org.junit.jupiter.api.Test;

class LiveUpdatesTest {
    private final SteppedClock clock = new SteppedClock();
    private final MemberRegistry members = new MemberRegistry(new MembershipLimits(100, 400, 60_000, 10), clock);
    private final DashboardData data = DashboardDataForTests.of(members);
    private final LiveUpdates updates = new LiveUpdates(data, new StateJson(data));

    @Test
    void onlyWhatHasChangedIsSent() {
        members.register(Members.runner("a"));
        members.register(Members.node("n"));
        assertThat(ids(updates.next().get("members"))).containsExactlyInAnyOrder("a", "n");
        clock.stepMillis(50);
        JsonNode quiet = updates.next();
        assertThat(quiet.has("members")).as("silence alone is no change").isFalse();
        assertThat(quiet.has("requests") || quiet.has("events") || quiet.has("prefixes"))
                .isFalse();
        assertThat(quiet.at("/totals/hit_rate").isNull()).isTrue();

        members.heartbeat(Members.beat("a", RunnerLoad.newBuilder().setRunningRequests(2)));
        assertThat(ids(updates.next().get("members"))).containsExactly("a");
        members.deregister("n");
        assertThat(updates.next().get("gone").toString()).isEqualTo("[\"n\"]");

        for (int i = 1; i <= 3; i++) {
            data.requests().add(request("q" + i));
            data.events().add(EventLog.Kind.REQUEST, EventLog.Severity.ERROR, "q" + i, "failed");
        }
        JsonNode three = updates.next();
        assertThat(three.get("requests")).hasSize(3);
        assertThat(three.at("/requests/0/request_id").asText()).isEqualTo("q3");
        assertThat(three.get("events")).hasSize(3);
        data.requests().add(request("q4"));
        assertThat(updates.next().get("requests")).hasSize(1);
        assertThat(updates.next().has("requests")).isFalse();
    }

    @Test
    void aFloodOfRequestsIsCut() {
        for (int i = 0; i < 80; i++) {
            data.requests().add(request("q" + i));
        }
        assertThat(updates.next().get("requests")).hasSize(StateJson.SHOWN_REQUESTS);
    }

    private static java.util.List<String> ids(JsonNode members) {
        return members.findValuesAsText("id");
    }

    private static RequestRecord request(String id) {
        return new RequestRecord(
                id, 1, "a", "m", Usage.getDefaultInstance(), 0, 0, RequestRecord.Outcome.FAILED, 1, "failed");
    }
}
