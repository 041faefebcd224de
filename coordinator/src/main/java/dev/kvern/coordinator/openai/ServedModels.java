package dev.kvern.coordinator.openai;

import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.v1.Model;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** The models of the runners that are up. Safe for use by several threads. */
final class ServedModels {
    private final MemberRegistry members;

    ServedModels(MemberRegistry members) {
        this.members = members;
    }

    /** By name. */
    Collection<ServedModel> all() {
        Map<String, ServedModel> models = new TreeMap<>();
        for (MemberStatus runner : members.current().runners()) {
            long created = TimeUnit.MILLISECONDS.toSeconds(runner.member().getStartedAtMillis());
            runner.member()
                    .getModelsList()
                    .forEach(model -> models.merge(
                            model.getName(), of(model, created), (a, b) -> a.created() <= b.created() ? a : b));
        }
        return models.values();
    }

    /** @param name empty for the only one there is */
    Optional<ServedModel> find(String name) {
        Collection<ServedModel> all = all();
        return all.stream()
                .filter(model -> name.isEmpty() ? all.size() == 1 : model.name().equals(name))
                .findFirst();
    }

    private static ServedModel of(Model model, long created) {
        return new ServedModel(
                model.getName(),
                created,
                Integer.toUnsignedLong(model.getContextTokens()),
                HexFormat.of().formatHex(model.getContentDigest().toByteArray()));
    }
}
