package dev.kvern.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.DeleteRequest;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.GetResponse;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.StatsRequest;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What BlockStoreService promises, whatever is below it. Each test uses keys of its own. */
public abstract class BlockStoreContract {
    protected static final int MAX_BLOCK_BYTES = 1 << 20;

    protected abstract Channel channel();

    @Test
    void whatWasPutIsThere() {
        byte[] payload = Blocks.payload(100, 700_000);
        var parent = Blocks.key(99).toByteString();
        var put = Blocks.put(
                async(),
                Blocks.headerPart(Blocks.header(100, payload).setParentKey(parent)),
                Blocks.dataPart(payload, 0, 300_000),
                Blocks.dataPart(payload, 300_000, 700_000));
        assertThat(put.getStored()).isEqualTo(1);
        List<Part> parts = get(false, 100);
        assertThat(parts).singleElement().satisfies(part -> {
            assertThat(part.header.getParentKey()).isEqualTo(parent);
            assertThat(part.header.getTokens()).isEqualTo(64);
            assertThat(part.header.getCrc32C()).isEqualTo(Blocks.checksum(100, payload));
            assertThat(part.data.toByteArray()).isEqualTo(payload);
            assertThat(part.largest).isLessThanOrEqualTo(256 << 10);
        });
    }

    @Test
    void theFirstWriteWins() {
        putAll(110);
        byte[] other = Blocks.payload(7, 10);
        var again = Blocks.put(async(), Blocks.headerPart(Blocks.header(110, other)), Blocks.dataPart(other, 0, 10));
        assertThat(again.getStored()).isZero();
        assertThat(again.getAlreadyStored()).isEqualTo(1);
        assertThat(get(false, 110).get(0).data.toByteArray()).isEqualTo(Blocks.payload(110, 5_000));
    }

    @Test
    void aLongChainComesInOrder() {
        int[] numbers = IntStream.range(120, 170).toArray();
        putAll(numbers);
        List<Part> parts = get(true, numbers);
        assertThat(parts).hasSize(50);
        for (int i = 0; i < 50; i++) {
            assertThat(parts.get(i).data.toByteArray()).isEqualTo(Blocks.payload(numbers[i], 5_000));
        }
    }

    @Test
    void missesAreSaidAndEndTheStreamWhenAsked() {
        putAll(180, 182);
        assertThat(get(false, 180, 181, 182)).extracting(part -> part.miss).containsExactly(false, true, false);
        assertThat(get(true, 180, 181, 182)).extracting(part -> part.miss).containsExactly(false, true);
    }

    @Test
    void messagesAreAsSmallAsAsked() {
        putAll(185);
        var request = GetRequest.newBuilder()
                .addKeys(Blocks.key(185).toByteString())
                .setMaxChunkBytes(1_500)
                .build();
        var sizes = new ArrayList<Integer>();
        blocking().get(request).forEachRemaining(r -> {
            if (r.hasData()) {
                sizes.add(r.getData().size());
            }
        });
        assertThat(sizes).containsExactly(1_500, 1_500, 1_500, 500);
    }

    @Test
    void matchCountsLeadingKeys() {
        putAll(IntStream.range(200, 280).toArray());
        assertThat(match(IntStream.range(200, 300).toArray())).isEqualTo(80);
        assertThat(match(200, 201, 999, 202)).isEqualTo(2);
        assertThat(match(999)).isZero();
        assertThat(match()).isZero();
    }

    @Test
    void deletedBlocksAreGone() {
        putAll(300, 301);
        var deleted = blocking()
                .delete(DeleteRequest.newBuilder()
                        .addKeys(Blocks.key(300).toByteString())
                        .addKeys(Blocks.key(399).toByteString())
                        .build());
        assertThat(deleted.getDeleted()).isEqualTo(1);
        assertThat(match(300)).isZero();
        assertThat(match(301)).isEqualTo(1);
    }

    @Test
    void aChecksumThatDoesNotMatchIsRefusedAndNothingStored() {
        byte[] payload = Blocks.payload(310, 100);
        refused(
                List.of(
                        Blocks.headerPart(Blocks.header(310, payload).setCrc32C(0x1234)),
                        Blocks.dataPart(payload, 0, 100)),
                "crc32c: 00001234",
                String.format("%08x", Blocks.checksum(310, payload)));
        assertThat(match(310)).isZero();
    }

    @Test
    void aSizeThatDoesNotMatchIsRefusedAndNothingStored() {
        byte[] payload = Blocks.payload(320, 100);
        refused(
                List.of(
                        Blocks.headerPart(Blocks.header(320, payload).setSizeBytes(99)),
                        Blocks.dataPart(payload, 0, 100)),
                "data: at least 100 bytes",
                "99");
        refused(
                List.of(
                        Blocks.headerPart(Blocks.header(320, payload).setSizeBytes(101)),
                        Blocks.dataPart(payload, 0, 100)),
                "data: 100 bytes",
                "101");
        refused(
                List.of(Blocks.headerPart(Blocks.header(320, payload)), Blocks.headerPart(Blocks.header(321, payload))),
                "header: after 0 of 100 bytes");
        assertThat(match(320)).isZero();
    }

    @Test
    void headersThatCannotBeAreRefused() {
        byte[] payload = Blocks.payload(330, 100);
        var data = Blocks.dataPart(payload, 0, 100);
        refused(List.of(data), "data: 100 bytes without a header");
        refused(List.of(PutRequest.getDefaultInstance()), "part: absent");
        refused(List.of(Blocks.headerPart(Blocks.header(330, payload).setSizeBytes(0))), "header.size_bytes: 0");
        refused(
                List.of(Blocks.headerPart(Blocks.header(330, payload).setSizeBytes(MAX_BLOCK_BYTES + 1L))),
                "header.size_bytes: " + (MAX_BLOCK_BYTES + 1),
                "1 to " + MAX_BLOCK_BYTES);
        refused(
                List.of(Blocks.headerPart(Blocks.header(330, payload).setSizeBytes(-1L))),
                "header.size_bytes: 18446744073709551615");
        var shortKey = ByteString.copyFrom(new byte[31]);
        refused(
                List.of(Blocks.headerPart(Blocks.header(330, payload).setKey(shortKey))),
                "header.key: 31 bytes",
                "32 bytes");
        refused(
                List.of(Blocks.headerPart(Blocks.header(330, payload).setParentKey(shortKey))),
                "header.parent_key: 31 bytes");
    }

    @Test
    void blocksCompletedBeforeABadOneStay() {
        byte[] good = Blocks.payload(340, 100);
        byte[] bad = Blocks.payload(341, 100);
        refused(
                List.of(
                        Blocks.headerPart(Blocks.header(340, good)),
                        Blocks.dataPart(good, 0, 100),
                        Blocks.headerPart(Blocks.header(341, bad).setCrc32C(1)),
                        Blocks.dataPart(bad, 0, 100)),
                "crc32c");
        // The store may still be at it when the refusal arrives.
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (match(340) == 0 && System.nanoTime() - deadline < 0) {
            Thread.onSpinWait();
        }
        assertThat(match(340, 341)).isEqualTo(1);
    }

    @Test
    void tooManyKeysAndKeysOfAnotherSizeAreRefused() {
        var key = Blocks.key(1).toByteString();
        var many = GetRequest.newBuilder()
                .addAllKeys(Collections.nCopies(4_097, key))
                .build();
        assertInvalid(() -> blocking().get(many).forEachRemaining(r -> {}), "keys: 4097 keys", "4096");
        var odd = MatchRequest.newBuilder()
                .addKeys(key)
                .addKeys(ByteString.copyFrom(new byte[5]))
                .build();
        assertInvalid(() -> blocking().match(odd), "keys[1]: 5 bytes", "32 bytes");
    }

    @Test
    void statsCount() {
        BlockCounters before = counters();
        putAll(350, 351);
        get(false, 350, 352);
        byte[] payload = Blocks.payload(353, 10);
        refused(
                List.of(Blocks.headerPart(Blocks.header(353, payload).setCrc32C(1)), Blocks.dataPart(payload, 0, 10)),
                "crc32c");
        BlockCounters after = counters();
        assertThat(after.getPutBlocks() - before.getPutBlocks()).isEqualTo(3);
        assertThat(after.getPutStored() - before.getPutStored()).isEqualTo(2);
        assertThat(after.getPutRejected() - before.getPutRejected()).isEqualTo(1);
        assertThat(after.getGetBlocks() - before.getGetBlocks()).isEqualTo(2);
        assertThat(after.getGetHits() - before.getGetHits()).isEqualTo(1);
        assertThat(after.getSentBytes() - before.getSentBytes()).isEqualTo(5_000);
        assertThat(after.getReceivedBytes() - before.getReceivedBytes()).isEqualTo(10_010);
    }

    @Test
    void rejectionsAreCountedByReason() {
        BlockCounters before = counters();
        byte[] payload = Blocks.payload(360, 100);
        refused(List.of(Blocks.headerPart(Blocks.header(360, payload).setSizeBytes(0))), "header.size_bytes: 0");
        refused(
                List.of(Blocks.headerPart(Blocks.header(360, payload).setModel(ByteString.copyFrom(new byte[31])))),
                "header.model: 31 bytes",
                "32 bytes");
        refused(List.of(Blocks.headerPart(Blocks.header(360, payload))), "data: 0 bytes");
        putAll(361);
        putAll(361);
        match(361, 362);
        BlockCounters after = counters();
        assertThat(after.getRejectedSize() - before.getRejectedSize()).isEqualTo(1);
        assertThat(after.getRejectedMalformed() - before.getRejectedMalformed()).isEqualTo(1);
        assertThat(after.getRejectedChecksum() - before.getRejectedChecksum()).isEqualTo(1);
        assertThat(after.getPutRejected() - before.getPutRejected()).isEqualTo(3);
        assertThat(after.getPutExisting() - before.getPutExisting()).isEqualTo(1);
        assertThat(after.getPutStoredTokens() - before.getPutStoredTokens()).isEqualTo(64);
        assertThat(after.getMatchBlocks() - before.getMatchBlocks()).isEqualTo(2);
        assertThat(after.getMatchHits() - before.getMatchHits()).isEqualTo(1);
    }

    @Test
    void labelsComeBack() {
        byte[] payload = Blocks.payload(365, 100);
        var model = ByteString.copyFrom(Blocks.payload(1, 32));
        var tenant = ByteString.copyFrom(Blocks.payload(2, 32));
        Blocks.put(
                async(),
                Blocks.headerPart(Blocks.header(365, payload).setModel(model).setTenant(tenant)),
                Blocks.dataPart(payload, 0, 100));
        putAll(366);
        List<Part> parts = get(false, 365, 366);
        assertThat(parts.get(0).header.getModel()).isEqualTo(model);
        assertThat(parts.get(0).header.getTenant()).isEqualTo(tenant);
        assertThat(parts.get(0).data.toByteArray()).isEqualTo(payload);
        assertThat(parts.get(1).header.getModel()).isEmpty();
        assertThat(parts.get(1).header.getTenant()).isEmpty();
    }

    protected final BlockCounters counters() {
        return blocking().stats(StatsRequest.getDefaultInstance()).getCounters();
    }

    protected final void putAll(int... numbers) {
        var parts = new ArrayList<PutRequest>();
        for (int number : numbers) {
            byte[] payload = Blocks.payload(number, 5_000);
            parts.add(Blocks.headerPart(Blocks.header(number, payload)));
            parts.add(Blocks.dataPart(payload, 0, 5_000));
        }
        Blocks.put(async(), parts.toArray(PutRequest[]::new));
    }

    protected final int match(int... numbers) {
        return blocking()
                .match(MatchRequest.newBuilder()
                        .addAllKeys(IntStream.of(numbers)
                                .mapToObj(n -> Blocks.key(n).toByteString())
                                .toList())
                        .build())
                .getMatched();
    }

    private List<Part> get(boolean stopAtMiss, int... numbers) {
        var parts = new ArrayList<Part>();
        blocking()
                .get(GetRequest.newBuilder()
                        .setStopAtMiss(stopAtMiss)
                        .addAllKeys(IntStream.of(numbers)
                                .mapToObj(n -> Blocks.key(n).toByteString())
                                .toList())
                        .build())
                .forEachRemaining(response -> Part.add(parts, response));
        for (Part part : parts) {
            assertThat(part.data.size()).isEqualTo((int) part.header.getSizeBytes());
        }
        return parts;
    }

    private void refused(List<PutRequest> parts, String... words) {
        assertInvalid(() -> Blocks.put(async(), parts.toArray(PutRequest[]::new)), words);
    }

    private static void assertInvalid(Runnable call, String... words) {
        var failure = catchThrowableOfType(StatusRuntimeException.class, call::run);
        assertThat(failure).isNotNull();
        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.getStatus().getDescription()).contains(words).contains("expected");
    }

    protected final BlockStoreServiceGrpc.BlockStoreServiceBlockingStub blocking() {
        return BlockStoreServiceGrpc.newBlockingStub(channel());
    }

    protected final BlockStoreServiceGrpc.BlockStoreServiceStub async() {
        return BlockStoreServiceGrpc.newStub(channel());
    }

    /** One block, or its miss, put together from a stream. */
    private static final class Part {
        private final BlockHeader header;
        private final boolean miss;
        private final ByteArrayOutputStream data = new ByteArrayOutputStream();
        private int largest;

        private Part(BlockHeader header, boolean miss) {
            this.header = header;
            this.miss = miss;
        }

        private static void add(List<Part> parts, GetResponse response) {
            switch (response.getPartCase()) {
                case HEADER -> parts.add(new Part(response.getHeader(), false));
                case MISS -> parts.add(new Part(BlockHeader.getDefaultInstance(), true));
                case DATA -> {
                    Part last = parts.get(parts.size() - 1);
                    last.data.writeBytes(response.getData().toByteArray());
                    last.largest = Math.max(last.largest, response.getData().size());
                }
                case SHARED_MEMORY, PLACED -> throw new AssertionError("shared memory, which was not asked for");
                case PART_NOT_SET -> throw new AssertionError("an empty part");
            }
        }
    }
}
