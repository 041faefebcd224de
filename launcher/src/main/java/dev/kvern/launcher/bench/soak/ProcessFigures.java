package dev.kvern.launcher.bench.soak;

import java.util.EnumMap;
import java.util.Map;

/**
 * What a process used at a moment.
 *
 * @param values in the figures' units
 */
record ProcessFigures(Map<Figure, Double> values) {
    ProcessFigures {
        values = Map.copyOf(new EnumMap<>(values));
    }

    double of(Figure figure) {
        Double value = values.get(figure);
        if (value == null) {
            throw new IllegalArgumentException("no " + figure);
        }
        return value;
    }
}
