package dev.kvern.launcher.bench.soak;

import dev.kvern.v1.Chat;
import dev.kvern.v1.ChatMessage;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.TokenIds;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * The prompts of a soak by number: equal numbers of equal seeds are equal prompts. Most begin as some others do; some are
 * texts and chats, so that tokenizer and chat template are used too. Immutable.
 */
final class SoakPrompts {
    /** Most tokens of a prompt of token ids. */
    static final int MOST_TOKENS = 1_400;

    /** Lengths of the beginnings that prompts share, in tokens: at the ends of blocks and chunks, and not. */
    private static final int[] SHARED_TOKENS = {64, 130, 192, 320, 513, 768};

    private static final int MOST_OWN_TOKENS = 300;
    private static final int SHARED_WORDS = 60;
    private static final int MOST_OWN_WORDS = 40;

    /** Below them a tokenizer has its special tokens. */
    private static final int FIRST_PLAIN_TOKEN = 10;

    private static final int KINDS = 8;
    private static final int CHAT = 0;
    private static final int TEXT = 1;
    private static final int ALONE = 2;

    private static final List<String> WORDS = List.of(
            "the",
            "lighthouse",
            "opens",
            "at",
            "nine",
            "in",
            "winter",
            "and",
            "door",
            "of",
            "hall",
            "is",
            "green",
            "harbour",
            "museum",
            "has",
            "room",
            "for",
            "twelve",
            "visitors",
            "ticket",
            "costs",
            "crowns",
            "was",
            "built",
            "by",
            "a",
            "keeper",
            "who",
            "lived",
            "upstairs",
            "with",
            "bell",
            "map",
            "drum",
            "kept",
            "tower",
            "every",
            "Monday",
            "there");

    private final long seed;
    private final int vocabulary;

    SoakPrompts(long seed, int vocabulary) {
        this.seed = seed;
        this.vocabulary = vocabulary;
    }

    Prompt prompt(int number) {
        var own = new Random(seed * 1_000_003 + number);
        int beginning = own.nextInt(SHARED_TOKENS.length);
        var shared = new Random(seed * 31 - beginning);
        return switch (number % KINDS) {
            case CHAT -> chat(words(shared, SHARED_WORDS), words(own, 1 + own.nextInt(MOST_OWN_WORDS)));
            case TEXT ->
                Prompt.newBuilder()
                        .setText(words(shared, SHARED_WORDS) + " " + words(own, 1 + own.nextInt(MOST_OWN_WORDS)))
                        .build();
            case ALONE -> tokens(shared, 0, own, 1 + own.nextInt(MOST_TOKENS));
            default -> tokens(shared, SHARED_TOKENS[beginning], own, 1 + own.nextInt(MOST_OWN_TOKENS));
        };
    }

    private Prompt tokens(Random shared, int sharedTokens, Random own, int ownTokens) {
        var ids = TokenIds.newBuilder();
        shared.ints(sharedTokens, FIRST_PLAIN_TOKEN, vocabulary).forEach(ids::addIds);
        own.ints(ownTokens, FIRST_PLAIN_TOKEN, vocabulary).forEach(ids::addIds);
        return Prompt.newBuilder().setTokenIds(ids).build();
    }

    private static Prompt chat(String system, String user) {
        return Prompt.newBuilder()
                .setChat(
                        Chat.newBuilder().addMessages(message("system", system)).addMessages(message("user", user)))
                .build();
    }

    private static ChatMessage message(String role, String content) {
        return ChatMessage.newBuilder().setRole(role).setContent(content).build();
    }

    private static String words(Random random, int count) {
        return random.ints(count, 0, WORDS.size()).mapToObj(WORDS::get).collect(Collectors.joining(" "));
    }
}
