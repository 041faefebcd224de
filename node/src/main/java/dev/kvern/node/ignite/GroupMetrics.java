package dev.kvern.node.ignite;

import java.util.Collection;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.ignite.spi.IgniteSpiAdapter;
import org.apache.ignite.spi.metric.IntMetric;
import org.apache.ignite.spi.metric.LongMetric;
import org.apache.ignite.spi.metric.Metric;
import org.apache.ignite.spi.metric.MetricExporterSpi;
import org.apache.ignite.spi.metric.ObjectMetric;
import org.apache.ignite.spi.metric.ReadOnlyMetricManager;
import org.apache.ignite.spi.metric.ReadOnlyMetricRegistry;
import org.jspecify.annotations.Nullable;

/** What Ignite itself measures of the partitions of our cache. Reads, and exports nothing. Safe for use by several threads. */
public final class GroupMetrics extends IgniteSpiAdapter implements MetricExporterSpi {
    private static final String REGISTRY = "cacheGroups." + IgniteBlockStorage.CACHE;

    private volatile @Nullable ReadOnlyMetricManager registries;

    /** A number that Ignite knows by this name; 0 if there is none, as before the cache has begun. */
    public long number(String name) {
        Metric metric = find(name);
        if (metric instanceof LongMetric value) {
            return value.value();
        }
        return metric instanceof IntMetric value ? value.value() : 0;
    }

    /** Ignite's ids of the nodes that have a whole copy, by partition. */
    @SuppressWarnings("unchecked")
    public Map<Integer, Collection<String>> owners() {
        return find("OwningPartitionsAllocationMap") instanceof ObjectMetric<?> metric
                        && metric.value() instanceof Map<?, ?> owners
                ? (Map<Integer, Collection<String>>) owners
                : Map.of();
    }

    private @Nullable Metric find(String name) {
        ReadOnlyMetricManager all = registries;
        if (all != null) {
            for (ReadOnlyMetricRegistry registry : all) {
                if (registry.name().equals(REGISTRY)) {
                    return registry.findMetric(name);
                }
            }
        }
        return null;
    }

    @Override
    public void setMetricRegistry(ReadOnlyMetricManager all) {
        registries = all;
    }

    @Override
    public void setExportFilter(Predicate<ReadOnlyMetricRegistry> filter) {}

    @Override
    public void spiStart(@Nullable String instance) {}

    @Override
    public void spiStop() {}
}
