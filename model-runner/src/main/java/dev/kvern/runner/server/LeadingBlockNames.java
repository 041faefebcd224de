package dev.kvern.runner.server;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockDigest;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.engine.KeySpace;
import dev.kvern.runner.engine.PromptKeys;
import dev.kvern.runner.text.Tokenizer;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.LeadingBlocks;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Names a prompt's leading blocks for who keeps count of them. Immutable.
 *
 * @param most blocks named; 0 for none
 * @param texts whether the start of each one's text is told
 */
record LeadingBlockNames(int most, boolean texts) {
    private static final int MOST = 1_024;
    private static final int TEXT_CHARACTERS = 80;

    /** @throws KvernException INVALID_ARGUMENT if more are asked for than are named */
    static LeadingBlockNames asked(GenerateRequest request) {
        int most = request.getReportBlocks();
        if (most < 0 || most > MOST) {
            throw KvernException.invalid("report_blocks", Integer.toUnsignedString(most), "0 to " + MOST);
        }
        return new LeadingBlockNames(most, request.getReportBlockTexts());
    }

    /** Empty if none are wanted. */
    Optional<LeadingBlocks> of(int[] prompt, KeySpace space, String salt, int blockTokens, Tokenizer tokenizer) {
        if (most == 0) {
            return Optional.empty();
        }
        PromptKeys keys = space.keys(Arrays.copyOf(prompt, Math.min(prompt.length, most * blockTokens)), salt);
        List<ByteString> digests = keys.digests().stream()
                .limit(most)
                .map(BlockDigest::toByteString)
                .toList();
        var named = LeadingBlocks.newBuilder()
                .setNamespace(keys.namespace().toByteString())
                .addAllDigests(digests)
                .setBlockTokens(blockTokens);
        if (texts) {
            for (int block = 0; block < digests.size(); block++) {
                int[] tokens = Arrays.copyOfRange(prompt, block * blockTokens, (block + 1) * blockTokens);
                named.addTexts(cut(tokenizer.decode(tokens, false)));
            }
        }
        return Optional.of(named.build());
    }

    /** Never in the middle of a character. */
    private static String cut(String text) {
        if (text.length() <= TEXT_CHARACTERS) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(TEXT_CHARACTERS - 1)) ? TEXT_CHARACTERS - 1 : TEXT_CHARACTERS;
        return text.substring(0, end);
    }
}
