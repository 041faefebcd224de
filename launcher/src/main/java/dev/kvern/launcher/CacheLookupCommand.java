package dev.kvern.launcher;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.NamespaceId;
import dev.kvern.v1.BlockPlace;
import dev.kvern.v1.LookupRequest;
import dev.kvern.v1.LookupResponse;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.TokenizeResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kvern cache lookup}. */
@Command(
        name = "lookup",
        mixinStandardHelpOptions = true,
        description = "Says how many blocks of a prompt are stored, and on which nodes. A runner tokenizes it.")
final class CacheLookupCommand implements Callable<Integer> {
    private static final long LIMIT_SECONDS = 60;

    @Mixin
    private CacheTarget target = new CacheTarget();

    @ArgGroup(multiplicity = "1")
    private PromptOptions prompt = new PromptOptions();

    @Option(names = "--model", paramLabel = "NAME", description = "Which model; may be left out if only one is served.")
    private String model = "";

    @Option(names = "--cache-salt", paramLabel = "TEXT", description = "The tenant's salt; left out: the shared space.")
    private String salt = "";

    @Option(names = "--json", description = "Print one JSON object instead of a table.")
    private boolean json;

    @Override
    public Integer call() {
        TokenizeResponse named = target.askRunner(stub -> stub.tokenize(TokenizeRequest.newBuilder()
                .setModel(model)
                .setPrompt(prompt.prompt())
                .setCacheSalt(salt)
                .build()));
        List<BlockKey> keys = keys(named);
        var request = LookupRequest.newBuilder();
        keys.forEach(key -> request.addKeys(key.toByteString()));
        LookupResponse found = keys.isEmpty()
                ? LookupResponse.getDefaultInstance()
                : target.ask(LIMIT_SECONDS, stub -> stub.lookup(request.build()));
        if (json) {
            CacheCommand.printJson(json(named, keys, found));
        } else {
            print(named, keys, found);
        }
        return 0;
    }

    /** The keys under which the tier stores the prompt: of each chunk's last block. */
    private static List<BlockKey> keys(TokenizeResponse named) {
        NamespaceId namespace = NamespaceId.of(named.getNamespace());
        int blocks = named.getChunkTokens() / named.getBlockTokens();
        var keys = new ArrayList<BlockKey>();
        for (int last = blocks - 1; last < named.getBlockDigestsCount(); last += blocks) {
            keys.add(BlockKey.of(namespace, BlockDigest.of(named.getBlockDigests(last))));
        }
        return keys;
    }

    private static void print(TokenizeResponse named, List<BlockKey> keys, LookupResponse found) {
        int chunk = named.getChunkTokens();
        if (!keys.isEmpty()) {
            var table = new TextTable("key", "tokens", "stored", "owner", "on");
            for (int i = 0; i < keys.size(); i++) {
                BlockPlace place = found.getPlaces(i);
                table.add(
                        keys.get(i).toHex(),
                        i * chunk + "-" + ((i + 1) * chunk - 1),
                        place.getStored() ? "yes" : "no",
                        place.getPrimaryNodeId(),
                        place.getStored() ? String.join(" ", place.getHolderNodeIdsList()) : "-");
            }
            System.out.println(table);
            System.out.println();
        }
        if (found.getSilentNodeIdsCount() > 0) {
            System.out.printf(
                    "no answer from %s: what only they hold is missing here%n",
                    String.join(" ", found.getSilentNodeIdsList()));
        }
        System.out.printf(
                "%d tokens, %d blocks of %d; %d stored, the first %d of them (%d tokens) in a row%n",
                named.getTokenIdsCount(),
                keys.size(),
                chunk,
                stored(found),
                found.getMatched(),
                found.getMatched() * chunk);
    }

    private static long stored(LookupResponse found) {
        return found.getPlacesList().stream().filter(BlockPlace::getStored).count();
    }

    private static ObjectNode json(TokenizeResponse named, List<BlockKey> keys, LookupResponse found) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("tokens", named.getTokenIdsCount())
                .put("block_tokens", named.getChunkTokens())
                .put("blocks", keys.size())
                .put("stored", stored(found))
                .put("matched", found.getMatched());
        var silent = json.putArray("silent");
        found.getSilentNodeIdsList().forEach(silent::add);
        var places = json.putArray("places");
        for (int i = 0; i < keys.size(); i++) {
            BlockPlace place = found.getPlaces(i);
            var one = places.addObject()
                    .put("key", keys.get(i).toHex())
                    .put("stored", place.getStored())
                    .put("owner", place.getPrimaryNodeId());
            var holders = one.putArray("holders");
            place.getHolderNodeIdsList().forEach(holders::add);
        }
        return json;
    }
}
