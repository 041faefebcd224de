package dev.kvern.block;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** Against vectors made by src/test/vectors/make_vectors.py with another CBOR library. */
class BlockKeyVectorsTest {
    private static final JsonNode VECTORS = read();

    @Test
    void publishedVectorOfTheField() {
        int[] tokens = {785, 3974, 13876, 38835, 34208, 916, 279, 15678, 5562, 13, 44801, 2266, 25, 8287, 1411, 27217};
        var digests = new BlockChain(16).digests(tokens);
        assertThat(digests).hasSize(1);
        assertThat(Long.toUnsignedString(digests.get(0).low64())).isEqualTo("15724667998076285447");
    }

    @Test
    void rootIsTheHashOfTextZero() {
        assertThat(BlockChain.root().toHex()).isEqualTo(VECTORS.get("root").asText());
    }

    @Test
    void chains() {
        for (JsonNode vector : VECTORS.get("chains")) {
            int[] tokens = StreamSupport.stream(vector.get("tokens").spliterator(), false)
                    .mapToInt(JsonNode::asInt)
                    .toArray();
            var digests = new BlockChain(vector.get("block_tokens").asInt()).digests(tokens);
            assertThat(digests).extracting(BlockDigest::toHex).isEqualTo(texts(vector.get("digests")));
            assertThat(digests)
                    .extracting(d -> Long.toUnsignedString(d.low64()))
                    .isEqualTo(texts(vector.get("low64")));
        }
    }

    @Test
    void namespaces() {
        for (JsonNode v : VECTORS.get("namespaces")) {
            var namespace = new Namespace(
                    ModelDigest.parse(v.get("model").asText()),
                    v.get("kv_dtype").asText(),
                    v.get("compute_dtype").asText(),
                    v.get("block_tokens").asInt(),
                    v.get("chunk_tokens").asInt(),
                    v.get("adapter").asText(),
                    v.get("salt").asText());
            assertThat(namespace.id().toHex()).isEqualTo(v.get("id").asText());
        }
    }

    @Test
    void keys() {
        for (JsonNode v : VECTORS.get("keys")) {
            var key = BlockKey.of(
                    NamespaceId.parse(v.get("namespace").asText()),
                    BlockDigest.parse(v.get("digest").asText()));
            assertThat(key.toHex()).isEqualTo(v.get("key").asText());
        }
    }

    private static java.util.List<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    private static JsonNode read() {
        try {
            return new ObjectMapper()
                    .readTree(Path.of("src/test/vectors/block-keys.json").toFile());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
