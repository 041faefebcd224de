package dev.kvern.runner.model;

import dev.kvern.block.ModelDigest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * The digest of what a model computes: the numbers of its configuration that enter the arithmetic, then name, type,
 * shape and SHA-256 of the bytes of each tensor it uses, sorted by name. How the files are split, how the JSON is
 * written and tensors that are not used do not count. Neither does the context length, a limit and no number in
 * the arithmetic (rope's original context is one, and counts). Each text goes in as its length in UTF-8 and its bytes,
 * each number as 8 bytes, big-endian. Stateless.
 */
final class ContentDigest {
    /** Goes up when the encoding below changes. */
    private static final String TAG = "kvern.model.1";

    /** From the heap, where hashing needs no copy. */
    private static final int SLICE_BYTES = 1 << 20;

    private ContentDigest() {}

    /** @param seen is told of each tensor that was read whole */
    static ModelDigest of(ModelConfig config, Checkpoint checkpoint, TensorChecksums seen, ProgressCounter progress) {
        Collection<Checkpoint.Located> tensors = checkpoint.tensors().values();
        // Hashing is bound by one core's speed, so tensors go to all of them.
        List<byte[]> hashes = tensors.parallelStream()
                .map(tensor -> hash(tensor, seen, progress))
                .toList();
        MessageDigest digest = sha256();
        text(digest, TAG);
        config(digest, config);
        number(digest, tensors.size());
        int next = 0;
        for (Checkpoint.Located tensor : tensors) {
            text(digest, tensor.entry().name());
            text(digest, tensor.entry().typeName());
            number(digest, tensor.entry().shape().size());
            tensor.entry().shape().forEach(size -> number(digest, size));
            digest.update(hashes.get(next++));
        }
        return ModelDigest.wrap(digest.digest());
    }

    private static void config(MessageDigest digest, ModelConfig config) {
        text(digest, config.architecture().className());
        number(digest, config.vocabularySize());
        number(digest, config.hiddenSize());
        number(digest, config.intermediateSize());
        number(digest, config.layers());
        number(digest, config.heads());
        number(digest, config.kvHeads());
        number(digest, config.headDim());
        real(digest, config.rmsNormEps());
        text(digest, config.rope().type().name().toLowerCase(Locale.ROOT));
        real(digest, config.rope().theta());
        real(digest, config.rope().factor());
        real(digest, config.rope().lowFreqFactor());
        real(digest, config.rope().highFreqFactor());
        real(digest, config.rope().originalContext());
        flag(digest, config.qkvBias());
        flag(digest, config.outputBias());
        flag(digest, config.mlpBias());
        flag(digest, config.qkNorm());
        flag(digest, config.tiedEmbeddings());
        config.windows().forEach(window -> number(digest, window));
    }

    private static byte[] hash(Checkpoint.Located tensor, TensorChecksums seen, ProgressCounter progress) {
        MessageDigest digest = sha256();
        var crc = new CRC32C();
        long bytes = tensor.entry().bytes();
        ByteBuffer slice = ByteBuffer.allocate((int) Math.min(SLICE_BYTES, bytes));
        for (long from = 0; from < bytes; from += slice.limit()) {
            slice.clear().limit((int) Math.min(SLICE_BYTES, bytes - from));
            tensor.file().read(tensor.entry(), from, slice);
            digest.update(slice.array(), 0, slice.limit());
            crc.update(slice.array(), 0, slice.limit());
            progress.add(slice.limit());
        }
        seen.read(tensor, (int) crc.getValue());
        return digest.digest();
    }

    private static void text(MessageDigest digest, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        number(digest, utf8.length);
        digest.update(utf8);
    }

    private static void flag(MessageDigest digest, boolean value) {
        number(digest, value ? 1 : 0);
    }

    private static void real(MessageDigest digest, double value) {
        number(digest, Double.doubleToLongBits(value));
    }

    private static void number(MessageDigest digest, long value) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(value).flip());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("a Java platform without SHA-256", e);
        }
    }
}
