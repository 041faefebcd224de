package dev.kvern.coordinator.membership;

/**
 * @param heartbeatMillis how often members are to be heard
 * @param leaseMillis silence after which a member is down
 * @param forgetMillis silence after which it is forgotten
 * @param maxMembers most members kept
 * @param settleMillis how long after its start a coordinator may not have heard of members that are there
 * @param quietMillis for how long no other runner must have come before it takes requests within that time
 */
public record MembershipLimits(
        int heartbeatMillis, int leaseMillis, int forgetMillis, int maxMembers, int settleMillis, int quietMillis) {
    /** Without a time to settle. */
    public MembershipLimits(int heartbeatMillis, int leaseMillis, int forgetMillis, int maxMembers) {
        this(heartbeatMillis, leaseMillis, forgetMillis, maxMembers, 0, 0);
    }
}
