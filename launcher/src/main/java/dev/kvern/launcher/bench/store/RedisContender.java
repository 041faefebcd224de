package dev.kvern.launcher.bench.store;

import dev.kvern.block.BlockKey;
import dev.kvern.launcher.bench.RedisServer;
import java.util.List;
import redis.clients.jedis.Jedis;

/** A Redis server through Jedis. */
final class RedisContender implements StoreContender {
    private final RedisServer server;
    private final Jedis control;

    /** @param server closed with this */
    RedisContender(RedisServer server) {
        this.server = server;
        this.control = server.connect();
    }

    @Override
    public String name() {
        return RedisServer.NAME;
    }

    @Override
    public Connection connect() {
        return new JedisConnection(server.connect());
    }

    @Override
    public void delete(List<BlockKey> keys) {
        control.unlink(keys.stream().map(BlockKey::toByteArray).toArray(byte[][]::new));
    }

    @Override
    public void close() {
        control.close();
        server.close();
    }

    private record JedisConnection(Jedis jedis) implements Connection {
        @Override
        public void put(BlockKey key, Payload payload) {
            jedis.set(key.toByteArray(), payload.array());
        }

        @Override
        public int get(BlockKey key, int valueBytes) {
            byte[] value = jedis.get(key.toByteArray());
            return value == null ? 0 : value.length;
        }

        @Override
        public void close() {
            jedis.close();
        }
    }
}
