package dev.kvern.launcher.bench.scale;

import dev.kvern.block.BlockKey;
import dev.kvern.launcher.bench.RedisServer;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import redis.clients.jedis.Jedis;

/** A Redis server: MSET, MGET, and EXISTS of all keys of a chain. */
final class RedisFill implements FillStore {
    private static final Pattern USED_MEMORY = Pattern.compile("used_memory:(\\d+)");

    private final String name;
    private final RedisServer server;
    private final int blockBytes;
    private final Jedis control;

    /** @param server closed with this */
    RedisFill(String name, RedisServer server, int blockBytes) {
        this.name = name;
        this.server = server;
        this.blockBytes = blockBytes;
        this.control = server.connect();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Connection connect() {
        return new JedisConnection(name, server.connect(), blockBytes);
    }

    @Override
    public void delete(List<BlockKey> keys) {
        control.unlink(bytes(keys));
    }

    @Override
    public Footprint footprint() {
        Matcher used = USED_MEMORY.matcher(control.info("memory"));
        // It was told to refuse rather than to evict.
        return new Footprint(control.dbSize(), 0, used.find() ? Long.parseLong(used.group(1)) : 0, 0);
    }

    @Override
    public void close() {
        control.close();
        server.close();
    }

    private static byte[][] bytes(List<BlockKey> keys) {
        return keys.stream().map(BlockKey::toByteArray).toArray(byte[][]::new);
    }

    private record JedisConnection(String name, Jedis jedis, int blockBytes) implements Connection {
        @Override
        public void put(List<Chains.Block> blocks) {
            byte[][] keysAndValues = new byte[2 * blocks.size()][];
            for (int i = 0; i < blocks.size(); i++) {
                keysAndValues[2 * i] = blocks.get(i).key().toByteArray();
                keysAndValues[2 * i + 1] = blocks.get(i).payload();
            }
            jedis.mset(keysAndValues);
        }

        @Override
        public void get(List<BlockKey> keys) {
            long whole = jedis.mget(bytes(keys)).stream()
                    .filter(value -> value != null && value.length == blockBytes)
                    .count();
            require("get", whole, keys);
        }

        @Override
        public void match(List<BlockKey> keys) {
            require("match", jedis.exists(bytes(keys)), keys);
        }

        private void require(String what, long found, List<BlockKey> keys) {
            if (found != keys.size()) {
                throw new KvernException(
                        ErrorReason.INTERNAL,
                        name + " " + what + ": " + found + " blocks (expected: " + keys.size() + ")");
            }
        }

        @Override
        public void close() {
            jedis.close();
        }
    }
}
