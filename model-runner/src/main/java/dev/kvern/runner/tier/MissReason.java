package dev.kvern.runner.tier;

import io.grpc.Status;

/** Why a chunk did not come, or could not be stored. */
public enum MissReason {
    /** The tier does not have it: nothing is wrong. */
    NOT_STORED,
    /** No node is known, or all are being left alone after failures. */
    NO_NODES,
    /** The deadline passed. */
    TIMEOUT,
    /** The bytes do not match the checksum. */
    CORRUPT,
    /** The stream did not say what it should: another key or size, data without a header, an early end. */
    MALFORMED,
    /** The node failed or was unreachable. */
    NODE_FAILED,
    /** An owner that the node needs for it says nothing: nothing is wrong with the node. */
    OWNER_SILENT,
    /** The node has no room for more now: nothing is wrong with it. */
    REJECTED,
    /** This machine could not take it in, or copy it to be sent: its memory, or its device's, is short. */
    LOCAL_FAILURE,
    /** Nobody wants it any more. */
    CANCELLED;

    /** What it means that a node has ended a call with such a status, which is not OK. */
    static MissReason of(Status status) {
        return switch (status.getCode()) {
            case DEADLINE_EXCEEDED -> TIMEOUT;
            case RESOURCE_EXHAUSTED -> REJECTED;
            case ABORTED -> OWNER_SILENT;
            default -> NODE_FAILED;
        };
    }

    /** Whether it speaks against the node that was asked, if it was one that failed. */
    boolean blamesNode() {
        return this != REJECTED && this != OWNER_SILENT;
    }
}
