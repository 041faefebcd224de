package dev.kvern.it.deploy;

import dev.kvern.it.Requests;
import dev.kvern.it.Source;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What a runner answers that is alone and uses no cache. */
final class ReferenceAnswers {
    private ReferenceAnswers() {}

    /** @param directory for the runner's log */
    static Map<Question, Answer> of(List<Question> questions, Path directory) throws AskFailed {
        List<String> settings = List.of(
                "id=reference",
                "listen.grpc_port=0",
                "model.path=" + Source.MODEL,
                "model.threads=1",
                "tier.enabled=false",
                "kv.pool_bytes=" + (64L << 20));
        var starter = new ServiceStarter(Source.CLASS_PATH, directory);
        try (ServiceProcess runner = starter.start("reference", "runner", settings)) {
            String[] address =
                    Objects.requireNonNull(runner.awaitReady().get("grpc")).split(":");
            try (var asker = new GrpcAsker(address[0], Integer.parseInt(address[1]), Requests.NO_CACHE)) {
                var answers = new LinkedHashMap<Question, Answer>();
                for (Question question : questions) {
                    answers.put(question, asker.ask(question));
                }
                return answers;
            }
        }
    }
}
