package dev.kvern.runner.tier;

/**
 * A straight line through observations, of which older ones count less: exponentially weighted least squares. Neither its
 * slope nor its value at zero is negative. Observations all at one place give a level line. Guarded by its owner.
 */
final class MovingLine {
    private final double newestShare;
    private double weight;
    private double sumX;
    private double sumY;
    private double sumXx;
    private double sumXy;
    private int count;

    /** @param newestShare how much of an estimate the newest observation is, when there are many */
    MovingLine(double newestShare) {
        this.newestShare = newestShare;
    }

    void add(double x, double y) {
        double keep = 1 - newestShare;
        weight = weight * keep + 1;
        sumX = sumX * keep + x;
        sumY = sumY * keep + y;
        sumXx = sumXx * keep + x * x;
        sumXy = sumXy * keep + x * y;
        count++;
    }

    /** Forgets all. */
    void clear() {
        weight = sumX = sumY = sumXx = sumXy = 0;
        count = 0;
    }

    /** Observations since the last {@link #clear}. */
    int count() {
        return count;
    }

    double slope() {
        double spread = weight * sumXx - sumX * sumX;
        if (count < 2 || spread <= 1e-9 * weight * sumXx) {
            return 0;
        }
        double slope = (weight * sumXy - sumX * sumY) / spread;
        if (slope <= 0) {
            return 0;
        }
        // A line that would meet the axis below zero goes through zero instead.
        return sumY < slope * sumX ? sumXy / sumXx : slope;
    }

    /** The value at {@code x}; 0 without observations. */
    double at(double x) {
        if (count == 0) {
            return 0;
        }
        double slope = slope();
        return Math.max(0, sumY - slope * sumX) / weight + slope * x;
    }
}
