package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.v1.Prompt;
import dev.kvern.v1.RunnerLoad;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of blocks that are offered while one of their owners hangs. */
@Timeout(300)
class StalledStoresIT {
    private static final int PROMPTS = 3;
    private static final int CHUNKS = 4;
    private static final int ANSWER_TOKENS = 2;

    /** Until the others count the node that hangs as lost, a call that waits for it has ended, and it is offered again. */
    private static final long STORED_WITHIN_SECONDS = 60;

    @TempDir
    private Path directory;

    @Test
    void aBlockOfferedWhileItsOwnerHangsIsStoredAllTheSame() {
        try (var cluster = TestCluster.start(
                directory,
                Collections.nCopies(3, List.of("backups=1")),
                List.of(List.of("tier.fetch_policy=always")))) {
            // So that the runner knows the owners, and connections are open.
            Prompt first = Requests.prompt(1, CHUNKS * TestCluster.CHUNK_TOKENS + 1);
            cluster.coordinator().generate(Requests.greedy(first, ANSWER_TOKENS));
            Await.until(
                    "the first blocks to be stored",
                    STORED_WITHIN_SECONDS,
                    () -> stored(cluster, first),
                    stored -> stored == CHUNKS);
            RunnerLoad before = cluster.idleLoad("runner-a");

            cluster.process("node-b").pause();
            var prompts = new ArrayList<Prompt>();
            for (int i = 0; i < PROMPTS; i++) {
                prompts.add(Requests.prompt(100 + i, CHUNKS * TestCluster.CHUNK_TOKENS + 1));
                cluster.coordinator().generate(Requests.greedy(prompts.get(i), ANSWER_TOKENS));
            }
            Await.until(
                    "all blocks to be stored at nodes that are well",
                    STORED_WITHIN_SECONDS,
                    () -> prompts.stream()
                            .map(prompt -> stored(cluster, prompt))
                            .collect(Collectors.toSet()),
                    stored -> stored.equals(Set.of(CHUNKS)));
            RunnerLoad after = cluster.idleLoad("runner-a");
            assertThat(after.getOffloadedBlocks() - before.getOffloadedBlocks())
                    .as("stored, each counted once")
                    .isGreaterThanOrEqualTo(1)
                    .isLessThanOrEqualTo(PROMPTS * CHUNKS);
            assertThat(after.getOffloadFailedBlocks())
                    .as("offers that failed meanwhile")
                    .isGreaterThan(before.getOffloadFailedBlocks());
            cluster.kill("node-b");
        }
    }

    /** Leading blocks of a prompt that are stored; none while the node asked waits for the one that hangs. */
    private static int stored(TestCluster cluster, Prompt prompt) {
        try {
            return cluster.storedChunks(prompt);
        } catch (StatusRuntimeException e) {
            return 0;
        }
    }
}
