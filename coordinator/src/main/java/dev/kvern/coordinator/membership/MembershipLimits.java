package dev.kvern.coordinator.membership;

/**
 * @param heartbeatMillis how often members are to be heard
 * @param leaseMillis silence after which a member is down
 * @param forgetMillis silence after which it is forgotten
 * @param maxMembers most members kept
 */
public record MembershipLimits(int heartbeatMillis, int leaseMillis, int forgetMillis, int maxMembers) {}
