package dev.kvern.launcher.demo;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.CacheControl;
import dev.kvern.v1.Chat;
import dev.kvern.v1.ChatMessage;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.GetClusterStatsRequest;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.SamplingParameters;
import dev.kvern.v1.TokenIds;
import dev.kvern.v1.Usage;
import io.grpc.ManagedChannel;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * Holds the workload's conversations against a running cluster. Each request is pinned to the other runner than the one
 * before it, so what is reused must have crossed machines. Confined to a thread.
 */
final class DemoRun {
    private static final long REQUEST_LIMIT_SECONDS = 300;
    private static final long SETTLE_LIMIT_SECONDS = 30;
    private static final long POLL_MILLIS = 20;
    private static final int SHOWN_CHARACTERS = 100;
    private static final int WARM_UP_TOKENS = 1_000;
    private static final int WARM_UP_VOCABULARY = 200;

    private final ManagedChannel coordinator;
    private final PrintStream out;
    private final DemoReport report = new DemoReport();
    private int requests;

    DemoRun(ManagedChannel coordinator, PrintStream out) {
        this.coordinator = coordinator;
        this.out = out;
    }

    /** Waits until the coordinator sees everyone. */
    void awaitMembers(int members) {
        awaitStats(
                "all members to be up",
                stats -> stats.getMembersList().stream()
                                .filter(m -> m.getMember().getState() == MemberState.MEMBER_STATE_UP)
                                .count()
                        == members);
    }

    /**
     * One request to each runner that leaves nothing behind, so that the first timed one does not pay for a JVM that has
     * never done this.
     */
    void warmUp(String runner) {
        var tokens = TokenIds.newBuilder();
        for (int i = 0; i < WARM_UP_TOKENS; i++) {
            tokens.addIds(i % WARM_UP_VOCABULARY);
        }
        var request = GenerateRequest.newBuilder()
                .setPrompt(Prompt.newBuilder().setTokenIds(tokens))
                .setSampling(SamplingParameters.newBuilder().setTemperature(0))
                .setMaxTokens(16)
                .setIgnoreEos(true)
                .setRunnerId(runner)
                .setCache(CacheControl.newBuilder()
                        .setReadLocal(false)
                        .setReadCluster(false)
                        .setWrite(false));
        send(request.build());
    }

    DemoReport run(Workload workload) {
        String title = "";
        for (Workload.Conversation conversation : workload.conversations()) {
            if (!conversation.title().equals(title)) {
                title = conversation.title();
                out.println();
                out.println("== " + title);
            }
            hold(conversation);
        }
        return report;
    }

    private void hold(Workload.Conversation conversation) {
        var messages = new ArrayList<ChatMessage>();
        String system = conversation.system();
        if (system != null) {
            messages.add(message("system", system));
        }
        for (Workload.Turn turn : conversation.turns()) {
            messages.add(message("user", turn.user()));
            String runner = DemoCluster.RUNNERS.get(requests++ % DemoCluster.RUNNERS.size());
            GenerationResult answer = ask(messages, runner, conversation.maxTokens());
            String group = system != null ? system : messages.get(0).getContent();
            var result = new DemoResult(conversation.name(), conversation.title(), turn.user(), group, answer);
            report.add(result);
            print(result);
            messages.add(message("assistant", answer.text()));
            awaitOffloaded(runner);
        }
    }

    private GenerationResult ask(List<ChatMessage> messages, String runner, int maxTokens) {
        return send(question(messages, maxTokens).setRunnerId(runner).build());
    }

    private static GenerateRequest.Builder question(List<ChatMessage> messages, int maxTokens) {
        return GenerateRequest.newBuilder()
                .setPrompt(Prompt.newBuilder().setChat(Chat.newBuilder().addAllMessages(messages)))
                .setSampling(SamplingParameters.newBuilder().setTemperature(0))
                .setMaxTokens(maxTokens);
    }

    /** Asks each conversation's first question again, of whichever runner the coordinator chooses. */
    void routed(Workload workload) {
        long reused = 0;
        long asked = 0;
        for (Workload.Conversation conversation : workload.conversations()) {
            var messages = new ArrayList<ChatMessage>();
            String system = conversation.system();
            if (system != null) {
                messages.add(message("system", system));
            }
            messages.add(message("user", conversation.turns().get(0).user()));
            GenerationResult answer =
                    send(question(messages, conversation.maxTokens()).build());
            reused += answer.cachedTokens();
            asked += answer.usage().getPromptTokens();
        }
        out.println();
        out.printf(
                "asked again without naming a runner, each question went to one that held its prompt: %,d of %,d tokens reused%n",
                reused, asked);
    }

    private GenerationResult send(GenerateRequest request) {
        var result = new GenerationResult(System::nanoTime);
        GenerationServiceGrpc.newBlockingStub(coordinator)
                .withDeadlineAfter(REQUEST_LIMIT_SECONDS, TimeUnit.SECONDS)
                .generate(request)
                .forEachRemaining(result::add);
        return result;
    }

    /** Waits until a heartbeat that is younger than the request says that the runner has nothing left to hand over. */
    private void awaitOffloaded(String runner) {
        long endedAt = System.nanoTime();
        awaitStats(runner + " to have handed its blocks to the cluster", stats -> {
            long sinceEnd = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - endedAt);
            for (MemberStats member : stats.getMembersList()) {
                if (member.getMember().getId().equals(runner)) {
                    return member.getSilentMillis() < sinceEnd
                            && member.getRunner().getOffloadPendingBytes() == 0
                            && member.getRunner().getRunningRequests() == 0;
                }
            }
            return false;
        });
    }

    private void awaitStats(String what, Predicate<GetClusterStatsResponse> condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SETTLE_LIMIT_SECONDS);
        var stub = ClusterServiceGrpc.newBlockingStub(coordinator);
        while (!condition.test(stub.withDeadlineAfter(SETTLE_LIMIT_SECONDS, TimeUnit.SECONDS)
                .getClusterStats(GetClusterStatsRequest.getDefaultInstance()))) {
            if (System.nanoTime() - deadline > 0) {
                throw new KvernException(
                        ErrorReason.UNAVAILABLE, "waited " + SETTLE_LIMIT_SECONDS + " s in vain for " + what);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
        }
    }

    private void print(DemoResult result) {
        Usage usage = result.usage();
        String from = result.cold() ? "cold" : result.warmFromCluster() ? "warm, from the cluster" : "warm";
        out.println();
        out.printf("%s on %s: %s%n", result.conversation(), result.answer().runner(), shortened(result.prompt()));
        out.printf("  answer: %s%n", shortened(result.answer().text()));
        out.printf(
                "  tokens requested %d = hit in the runner %d + in its host memory %d + hit in the cluster %d + computed %d%n",
                usage.getPromptTokens(),
                usage.getCachedLocalTokens(),
                usage.getCachedHostTokens(),
                usage.getCachedClusterTokens(),
                usage.getComputedTokens());
        out.printf(
                "  time to first token %.1f ms (%s; %.1f ms in the runner, of that %.1f ms fetching)%n",
                result.answer().ttftMillis(), from, usage.getTtftMillis(), usage.getFetchMillis());
    }

    private static ChatMessage message(String role, String content) {
        return ChatMessage.newBuilder().setRole(role).setContent(content).build();
    }

    private static String shortened(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.length() <= SHOWN_CHARACTERS
                ? line
                : line.substring(0, SHOWN_CHARACTERS / 2) + " ... "
                        + line.substring(line.length() - SHOWN_CHARACTERS / 2);
    }
}
