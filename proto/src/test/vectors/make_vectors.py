"""Makes block-keys.json with hashlib and cbor2 (canonical form), independently of the Java code.

    pip install cbor2 && python make_vectors.py > block-keys.json

The chain is vLLM's `sha256_cbor` (vllm/v1/core/kv_cache_utils.py); the namespace is Kvern's own (dev.kvern.block.Namespace).
"""

import hashlib
import json
import random

import cbor2


def sha(value) -> bytes:
    return hashlib.sha256(cbor2.dumps(value, canonical=True)).digest()


ROOT = sha("0")


def chain(tokens, block_tokens):
    parent, out = ROOT, []
    for i in range(0, len(tokens) - block_tokens + 1, block_tokens):
        parent = sha([parent, tokens[i : i + block_tokens], None])
        out.append(parent)
    return out


def namespace(model, kv_dtype, compute_dtype, block_tokens, chunk_tokens, adapter, salt):
    return sha(["kvern.namespace", 1, model, kv_dtype, compute_dtype, block_tokens, chunk_tokens, adapter, salt])


rng = random.Random(20261124)
published = [785, 3974, 13876, 38835, 34208, 916, 279, 15678, 5562, 13, 44801, 2266, 25, 8287, 1411, 27217]
chains = [
    # (tokens, block_tokens); the first one's low64 is published: 15724667998076285447
    (published, 16),
    (published, 4),
    (list(range(40)), 16),
    ([0, 23, 24, 255, 256, 65535, 65536, 2**31 - 1], 8),  # every width of a CBOR head
    ([7] * 100, 16),
    ([rng.randrange(151_936) for _ in range(333)], 16),
    ([rng.randrange(128_256) for _ in range(130)], 64),
    ([1, 2, 3], 16),
    ([], 16),
]
namespaces = [
    (b"\x00" * 32, "fp32", "fp32", 16, 64, "", ""),
    (b"\x00" * 32, "fp32", "fp32", 16, 64, "", "tenant-a"),
    (bytes(range(32)), "bf16", "bf16", 16, 256, "", "grüße"),
    (bytes(range(32)), "bf16", "fp32", 32, 32, "adapter-1", ""),
]
out = {"root": ROOT.hex(), "chains": [], "namespaces": [], "keys": []}
for tokens, block_tokens in chains:
    digests = chain(tokens, block_tokens)
    out["chains"].append(
        {
            "tokens": tokens,
            "block_tokens": block_tokens,
            "digests": [d.hex() for d in digests],
            "low64": [str(int.from_bytes(d[-8:], "big")) for d in digests],
        }
    )
for n in namespaces:
    out["namespaces"].append(
        dict(
            zip(
                ["model", "kv_dtype", "compute_dtype", "block_tokens", "chunk_tokens", "adapter", "salt"],
                [n[0].hex(), *n[1:]],
            ),
            id=namespace(*n).hex(),
        )
    )
    digest = chain(published, 16)[0]
    out["keys"].append(
        {
            "namespace": namespace(*n).hex(),
            "digest": digest.hex(),
            "key": hashlib.sha256(namespace(*n) + digest).hexdigest(),
        }
    )
assert out["chains"][0]["low64"] == ["15724667998076285447"]
print(json.dumps(out, indent=1, ensure_ascii=False))
