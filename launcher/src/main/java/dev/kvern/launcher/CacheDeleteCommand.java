package dev.kvern.launcher;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockKey;
import dev.kvern.block.ModelDigest;
import dev.kvern.block.TenantId;
import dev.kvern.v1.BlockFilter;
import dev.kvern.v1.BlockKeys;
import dev.kvern.v1.DeleteBlocksRequest;
import dev.kvern.v1.ListModelsRequest;
import dev.kvern.v1.Model;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kvern cache delete}. */
@Command(
        name = "delete",
        mixinStandardHelpOptions = true,
        description =
                "Deletes blocks, with all copies, by key, or those of a model, a tenant, or a tenant's of a model.")
final class CacheDeleteCommand implements Callable<Integer> {
    private static final String DIGEST = "[0-9a-fA-F]{64}";

    @Mixin
    private CacheDeletion deletion = new CacheDeletion();

    @Option(
            names = "--key",
            paramLabel = "HEX",
            arity = "1..*",
            description = "Store keys of 64 hexadecimal digits, as kvern cache lookup and kvern keys print them.")
    private List<String> keys = List.of();

    @Option(
            names = "--model",
            paramLabel = "NAME",
            description = "A model that is served, or its content digest of 64 hexadecimal digits.")
    private @Nullable String model;

    @Option(names = "--tenant", paramLabel = "SALT", description = "The tenant's cache salt.")
    private @Nullable String tenant;

    @Override
    public Integer call() {
        boolean labelled = model != null || tenant != null;
        if (keys.isEmpty() == !labelled) {
            throw new UsageException("--key, --model, --tenant: " + (labelled ? "both keys and labels" : "none")
                    + " (expected: either --key, or --model or --tenant or both of these)");
        }
        var request = DeleteBlocksRequest.newBuilder();
        if (labelled) {
            var filter = BlockFilter.newBuilder();
            if (tenant != null) {
                filter.setTenant(tenant(tenant));
            }
            if (model != null) {
                filter.setModel(model(model));
            }
            request.setLabelled(filter);
        } else {
            var chosen = BlockKeys.newBuilder();
            keys.forEach(key -> chosen.addKeys(key(key)));
            request.setKeys(chosen);
        }
        return deletion.run(request.build());
    }

    private static ByteString key(String hex) {
        if (!hex.matches(DIGEST)) {
            throw new UsageException("--key: '" + hex + "' (expected: 64 hexadecimal digits)");
        }
        return BlockKey.parse(hex).toByteString();
    }

    private static ByteString tenant(String salt) {
        if (salt.isEmpty()) {
            throw new UsageException("--tenant: '' (expected: a cache salt; the shared space is nobody's)");
        }
        return TenantId.ofSalt(salt).toByteString();
    }

    private ByteString model(String nameOrDigest) {
        if (nameOrDigest.matches(DIGEST)) {
            return ModelDigest.parse(nameOrDigest).toByteString();
        }
        List<Model> served = deletion.target()
                .askRunner(stub ->
                        stub.listModels(ListModelsRequest.getDefaultInstance()).getModelsList());
        return served.stream()
                .filter(each -> each.getName().equals(nameOrDigest))
                .findFirst()
                .orElseThrow(() -> new UsageException("--model: '" + nameOrDigest + "' (expected: one of "
                        + served.stream().map(Model::getName).toList() + ", or a digest of 64 hexadecimal digits)"))
                .getContentDigest();
    }
}
