package dev.kvern.launcher;

import dev.kvern.v1.DeleteBlocksRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kvern cache clear}. */
@Command(name = "clear", mixinStandardHelpOptions = true, description = "Deletes every block of the cluster.")
final class CacheClearCommand implements Callable<Integer> {
    @Mixin
    private CacheDeletion deletion = new CacheDeletion();

    @Option(names = "--yes", description = "That this is meant.")
    private boolean yes;

    @Override
    public Integer call() {
        if (!yes) {
            throw new UsageException(
                    "--yes: absent (expected: --yes, as this deletes every block of all models and tenants)");
        }
        return deletion.run(DeleteBlocksRequest.newBuilder().setAll(true).build());
    }
}
