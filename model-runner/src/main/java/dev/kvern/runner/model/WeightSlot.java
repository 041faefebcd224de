package dev.kvern.runner.model;

import java.util.ArrayList;
import java.util.List;

/**
 * One weight as the decoder takes it: some of the checkpoint's tensors stacked along the first dimension. None of them
 * means that the family lacks this weight.
 */
public record WeightSlot(List<Part> parts) {
    /** A tensor of the checkpoint and the shape it must have. */
    public record Part(String tensor, List<Long> shape) {
        public Part {
            shape = List.copyOf(shape);
        }
    }

    public WeightSlot {
        parts = List.copyOf(parts);
    }

    /** The stacked shape; {@code [0]} if there are no parts. */
    public List<Long> shape() {
        if (parts.isEmpty()) {
            return List.of(0L);
        }
        var shape = new ArrayList<>(parts.get(0).shape());
        shape.set(0, parts.stream().mapToLong(p -> p.shape().get(0)).sum());
        return shape;
    }
}
