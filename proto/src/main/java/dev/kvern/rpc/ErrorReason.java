package dev.kvern.rpc;

import io.grpc.Status;

/** Why a call failed, grouped by who must act. Each reason has one gRPC status. */
public enum ErrorReason {
    // The caller must change the request.
    /** A field is missing, out of range or contradicts another; sending it again fails again. */
    INVALID_ARGUMENT(Status.Code.INVALID_ARGUMENT),
    /** What the request names does not exist here: a model, a runner. */
    NOT_FOUND(Status.Code.NOT_FOUND),
    /** The caller gave up. */
    CANCELLED(Status.Code.CANCELLED),
    /** The caller's deadline passed before the work was done. */
    DEADLINE_EXCEEDED(Status.Code.DEADLINE_EXCEEDED),

    // The caller may try again later; the operator may add machines.
    /** A queue or pool is at its limit. */
    RESOURCE_EXHAUSTED(Status.Code.RESOURCE_EXHAUSTED),
    /** Nobody is there to do it now: no runner is up, the process is stopping. */
    UNAVAILABLE(Status.Code.UNAVAILABLE),
    /** Another process that is needed for it has not answered in time; the one that says so is well. */
    PEER_SILENT(Status.Code.ABORTED),

    // The operator must act: configuration, files, ports.
    /** The process is set up in a way that cannot serve this: a model directory, a port, a file. */
    MISCONFIGURED(Status.Code.FAILED_PRECONDITION),

    // We must act.
    /** A defect of Kvern's. */
    INTERNAL(Status.Code.INTERNAL);

    private final Status.Code code;

    ErrorReason(Status.Code code) {
        this.code = code;
    }

    /** The gRPC status code callers see. */
    public Status.Code code() {
        return code;
    }
}
