package dev.kvern.launcher;

import dev.kvern.node.NodeConfig;
import dev.kvern.node.NodeProcess;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kvern node}. */
@Command(
        name = "node",
        mixinStandardHelpOptions = true,
        description = "Runs a cache node: an Ignite server node that stores KV blocks.")
final class NodeCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions options = new ConfigOptions();

    @Override
    public Integer call() throws Exception {
        NodeConfig config = options.load(NodeConfig.loader());
        LogFormat.identify("node", config.id());
        NodeProcess process = NodeProcess.start(config);
        int code =
                Service.run(process.readyLine(), process::close, process::awaitTermination, options.exitWithParent());
        // What was drained has done what it was asked to, and is not to be started again.
        return process.drained() ? 0 : code;
    }
}
