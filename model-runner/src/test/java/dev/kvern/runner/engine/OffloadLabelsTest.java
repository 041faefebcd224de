package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockLabels;
import dev.kvern.block.TenantId;
import dev.kvern.runner.tier.EvictionRescue;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Chunks go to the tier with the model's and the tenant's name on them, whichever way. */
@Timeout(60)
class OffloadLabelsTest {
    private static final int[] PROMPT = EngineRig.prompt(1, 70);

    @Test
    void afterPrefill() {
        var tier = new MapTier();
        try (var rig = new EngineRig(64, tier)) {
            rig.run(salted(PROMPT, "alice"));
            rig.run(PROMPT, 1);
            rig.awaitOffloaded();
            KeySpace keys = rig.engine.keySpace();
            assertThat(keys.keys(PROMPT, "alice").chunkKeys())
                    .isNotEmpty()
                    .allSatisfy(key -> assertThat(tier.labels).containsEntry(key, labels(rig, "alice")));
            assertThat(keys.keys(PROMPT, "").chunkKeys())
                    .allSatisfy(key -> assertThat(tier.labels).containsEntry(key, labels(rig, "")));
        }
    }

    @Test
    void afterEviction() {
        var tier = new MapTier();
        try (var rig = new EngineRig(24, tier)) {
            rig.pool.onEviction(
                    EngineRig.CHUNK / EngineRig.BLOCK,
                    new EvictionRescue(
                            rig.memory, null, rig.offloader, EngineRig.CHUNK, rig.engine.keySpace()::labels));
            rig.run(salted(PROMPT, "alice"));
            rig.awaitOffloaded();
            tier.chunks.clear();
            tier.labels.clear();
            rig.offloader.lost(rig.engine.keySpace().keys(PROMPT, "alice").chunkKeys());
            rig.run(EngineRig.prompt(2, 70), 1);
            rig.awaitOffloaded();
            assertThat(rig.engine.keySpace().keys(PROMPT, "alice").chunkKeys())
                    .anySatisfy(key -> assertThat(tier.labels).containsEntry(key, labels(rig, "alice")));
            assertThat(tier.labels.values()).contains(labels(rig, "alice"), labels(rig, ""));
        }
    }

    private static GenerationTask salted(int[] prompt, String salt) {
        return new GenerationTask("salted", prompt, OptionalInt.of(1), salt, true, true, true, OptionalLong.empty());
    }

    private static BlockLabels labels(EngineRig rig, String salt) {
        return new BlockLabels(
                Optional.of(rig.model.spec().digest()),
                salt.isEmpty() ? Optional.empty() : Optional.of(TenantId.ofSalt(salt)));
    }
}
