package dev.kvern.coordinator.stats;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.kvern.v1.Histogram;
import dev.kvern.v1.RunnerLoad;
import java.util.List;
import java.util.Set;

/** Sums of runners' loads, field by field. */
final class LoadSums {
    /** What a runner has now; everything else it counts since its start. */
    private static final Set<Integer> STATES = Set.of(
            RunnerLoad.RUNNING_REQUESTS_FIELD_NUMBER,
            RunnerLoad.QUEUED_REQUESTS_FIELD_NUMBER,
            RunnerLoad.QUEUED_PREFILL_TOKENS_FIELD_NUMBER,
            RunnerLoad.POOL_BLOCKS_FIELD_NUMBER,
            RunnerLoad.USED_BLOCKS_FIELD_NUMBER,
            RunnerLoad.CACHED_BLOCKS_FIELD_NUMBER,
            RunnerLoad.OFFLOAD_PENDING_BYTES_FIELD_NUMBER,
            RunnerLoad.HOST_CAPACITY_BYTES_FIELD_NUMBER,
            RunnerLoad.HOST_USED_BYTES_FIELD_NUMBER,
            RunnerLoad.BREAK_EVEN_TOKENS_FIELD_NUMBER,
            RunnerLoad.PREFILL_TOKENS_PER_SECOND_FIELD_NUMBER,
            RunnerLoad.POWER_WATTS_FIELD_NUMBER);

    private static final List<FieldDescriptor> FIELDS =
            RunnerLoad.getDescriptor().getFields();

    private LoadSums() {}

    /** {@code sum} with the running totals of {@code load} added. */
    static RunnerLoad counters(RunnerLoad sum, RunnerLoad load) {
        return add(sum, load, false);
    }

    /** {@code sum} with the present state of {@code load} added. */
    static RunnerLoad states(RunnerLoad sum, RunnerLoad load) {
        return add(sum, load, true);
    }

    /** The running totals of {@code now} less those of {@code before}, of the same runner. */
    static RunnerLoad since(RunnerLoad before, RunnerLoad now) {
        RunnerLoad.Builder less = RunnerLoad.newBuilder();
        for (FieldDescriptor field : FIELDS) {
            if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                if (now.hasField(field)) {
                    less.setField(field, minus((Histogram) now.getField(field), (Histogram) before.getField(field)));
                }
            } else if (!STATES.contains(field.getNumber())) {
                less.setField(field, minus(now.getField(field), before.getField(field)));
            }
        }
        return less.build();
    }

    private static RunnerLoad add(RunnerLoad sum, RunnerLoad load, boolean states) {
        RunnerLoad.Builder added = sum.toBuilder();
        for (FieldDescriptor field : FIELDS) {
            if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                if (!states && load.hasField(field)) {
                    added.setField(field, plus((Histogram) sum.getField(field), (Histogram) load.getField(field)));
                }
            } else if (STATES.contains(field.getNumber()) == states) {
                added.setField(field, plus(sum.getField(field), load.getField(field)));
            }
        }
        return added.build();
    }

    /** Of equal buckets; those of a runner of another release, if they are others, are left out. */
    private static Histogram plus(Histogram sum, Histogram load) {
        if (sum.getCountsCount() == 0) {
            return load;
        }
        if (!sum.getBoundsList().equals(load.getBoundsList()) || sum.getCountsCount() != load.getCountsCount()) {
            return sum;
        }
        Histogram.Builder added = sum.toBuilder().setSum(sum.getSum() + load.getSum());
        for (int i = 0; i < sum.getCountsCount(); i++) {
            added.setCounts(i, sum.getCounts(i) + load.getCounts(i));
        }
        return added.build();
    }

    private static Histogram minus(Histogram now, Histogram before) {
        if (before.getCountsCount() != now.getCountsCount()) {
            return now;
        }
        Histogram.Builder less = now.toBuilder().setSum(now.getSum() - before.getSum());
        for (int i = 0; i < now.getCountsCount(); i++) {
            less.setCounts(i, now.getCounts(i) - before.getCounts(i));
        }
        return less.build();
    }

    private static Object minus(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return x - y;
        }
        if (a instanceof Integer x && b instanceof Integer y) {
            return x - y;
        }
        if (a instanceof Double x && b instanceof Double y) {
            return x - y;
        }
        throw new IllegalStateException("a load's field of type " + a.getClass());
    }

    private static Object plus(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return x + y;
        }
        if (a instanceof Integer x && b instanceof Integer y) {
            return x + y;
        }
        if (a instanceof Double x && b instanceof Double y) {
            return x + y;
        }
        throw new IllegalStateException("a load's field of type " + a.getClass());
    }
}
