package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.DeploymentStrategy;
import org.jspecify.annotations.Nullable;

/**
 * How far a Deployment may go at a time when it replaces its pods.
 *
 * @param surge pods that there may be beyond those wanted
 * @param unavailable pods that may be missing from those wanted
 */
record Rollout(int surge, int unavailable) {
    private static final int DEFAULT_PERCENT = 25;

    /**
     * @param created pods of the new revision to be made
     * @param deleted pods of the old one that may go
     */
    record Step(int created, int deleted) {}

    /** As a manifest says: percentages of the pods wanted, rounded up for the surge and down for those missing. */
    static Rollout of(@Nullable DeploymentStrategy strategy, int wanted) {
        if (strategy != null && "Recreate".equals(strategy.getType())) {
            return new Rollout(0, wanted);
        }
        var rolling = strategy == null ? null : strategy.getRollingUpdate();
        double surge = part(rolling == null ? null : rolling.getMaxSurge(), wanted);
        double unavailable = part(rolling == null ? null : rolling.getMaxUnavailable(), wanted);
        int mayMiss = (int) Math.floor(unavailable);
        int mayExceed = (int) Math.ceil(surge);
        // With neither nothing could ever be replaced.
        return new Rollout(mayExceed, mayExceed == 0 && mayMiss == 0 ? 1 : mayMiss);
    }

    private static double part(@Nullable IntOrString value, int wanted) {
        if (value == null) {
            return wanted * DEFAULT_PERCENT / 100.0;
        }
        if (value.getIntVal() != null) {
            return value.getIntVal();
        }
        return wanted * Integer.parseInt(value.getStrVal().replace("%", "")) / 100.0;
    }

    /**
     * What may be done now. Pods that were told to end count nowhere.
     *
     * @param old pods of the old revision, all of which were ready
     * @param fresh pods of the new one
     * @param freshReady of those, ready ones
     */
    Step step(int wanted, int old, int fresh, int freshReady) {
        int created = Math.max(0, Math.min(wanted - fresh, wanted + surge - old - fresh));
        int deleted = Math.max(0, Math.min(old, old + freshReady - (wanted - unavailable)));
        return new Step(created, deleted);
    }
}
