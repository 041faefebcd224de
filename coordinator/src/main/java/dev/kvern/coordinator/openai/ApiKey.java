package dev.kvern.coordinator.openai;

/**
 * Whom a key stands for. Immutable.
 *
 * @param name for logs
 * @param tenant whose blocks no other tenant shares; empty for the shared space
 */
record ApiKey(String name, String tenant) {
    /** Stands for everybody where no keys are wanted. */
    static final ApiKey NOBODY = new ApiKey("", "");

    /** Ends a tenant's name, which cannot contain it: so no request's own salt makes another tenant's. */
    private static final String END = ":";

    /**
     * The salt of a request's blocks.
     *
     * @param given the request's own; empty for none
     */
    String cacheSalt(String given) {
        if (equals(NOBODY) || (tenant.isEmpty() && given.isEmpty())) {
            return given;
        }
        return tenant + END + given;
    }
}
