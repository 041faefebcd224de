package dev.kvern.runner.engine;

import dev.kvern.rpc.KvernException;
import java.util.List;

/**
 * What happens before a turn's step.
 *
 * @param ended requests that end now, with nothing held any more
 * @param fetches admitted requests that the tier may bring something for; see {@link Scheduler#fetching}
 */
record Opening(List<Failed> ended, List<Sequence> fetches) {
    Opening {
        ended = List.copyOf(ended);
        fetches = List.copyOf(fetches);
    }

    /** A request and why it ends. */
    record Failed(Sequence sequence, KvernException why) {}
}
