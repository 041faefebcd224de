# The decoder, in the dialect of TorchScript archives (a typed subset of Python; operators are torch.*).
# One program serves all families: what one lacks is an empty tensor (biases, head norms) or a 0 (windows).
#
# Shapes: R rows computed (valid tokens first, then padding), P past positions, H query heads, K key/value heads,
# G = H / K, D values of a head, L layers, T tokens in a block, B blocks of the pool.
# The pool is [B, L, 2 (key, value), T, K, D]: a block's bytes are one span.


# Rows as columns: [N, R], or [N, 2] with the same column twice for a lone row in fp32 on the CPU. There a product with two
# columns reads the weights up to four times as fast as one with a single column.
def columns(x: Tensor) -> Tensor:
  if x.size(0) == 1 and x.dtype == 6 and not x.is_cuda:
    x = torch.cat([x, x])
  return x.t()


# A linear layer on columns: [M, R] from [N, R] with weight [M, N]. With the weights on the left, fp32 on the CPU is faster
# than x * weight^T by a fifth or more, if the result need not be turned back.
def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
  if torch.numel(bias) == 0:
    y = torch.mm(weight, x)
  else:
    y = torch.addmm(bias.unsqueeze(1), weight, x)
  return y


# Radians a token for each pair of head values, fp32 [D / 2]. The operators and their order are those of transformers'
# modeling_rope_utils, since one unit in the last place here is seen in the logits a thousand tokens on.
# kind: 0 default, 1 linear, 2 llama3.
def inverse_frequencies(head_dim: int, kind: int, theta: float, factor: float, low: float, high: float, original: float) -> Tensor:
  base = torch.pow(theta, torch.arange(0, head_dim, 2, dtype=6) / head_dim)
  frequencies = torch.reciprocal(base)
  if kind == 1:
    frequencies = frequencies / factor
  if kind == 2:
    wavelengths = torch.reciprocal(frequencies) * 6.283185307179586
    stretched = torch.where(torch.gt(wavelengths, original / low), frequencies / factor, frequencies)
    smooth = (torch.reciprocal(wavelengths) * original - low) / (high - low)
    smoothed = (1. - smooth) * stretched / factor + smooth * stretched
    between = torch.logical_and(torch.ge(wavelengths, original / high), torch.le(wavelengths, original / low))
    frequencies = torch.where(between, smoothed, stretched)
  return frequencies


# Rows of the pool seen as [B * L * 2, T * K * D] that hold positions from `start` to before `end`: for each layer the
# keys' blocks, then the values'. [L, 2 * blocks]
def pool_rows(blocks: Tensor, start: int, end: int, layers: int, block_tokens: int) -> Tensor:
  first = start // block_tokens
  count = (end + block_tokens - 1) // block_tokens - first
  keys = torch.narrow(blocks, 0, first, count) * (2 * layers)
  offsets = torch.arange(0, 2 * layers, dtype=4, device=blocks.device).view([layers, 2, 1])
  return (keys + offsets).view([layers, 2 * count])


# Rows of the pool seen as [B * L * 2 * T, K * D] that take the new keys, then the new values. [L, 2 * tokens]
def pool_slots(blocks: Tensor, position: int, tokens: int, layers: int, block_tokens: int) -> Tensor:
  positions = torch.arange(position, position + tokens, dtype=4, device=blocks.device)
  block = torch.index_select(blocks, 0, torch.floor_divide(positions, block_tokens))
  offset = torch.remainder(positions, block_tokens)
  parts = torch.arange(0, 2 * layers, dtype=4, device=blocks.device).view([layers, 2, 1])
  return ((block * (2 * layers) + parts) * block_tokens + offset).view([layers, 2 * tokens])


# 0 where a row may see a key, minus infinity elsewhere; keys are those of positions from `start` on. Padding follows the
# valid rows, so that causality hides it from them. [G * R, position + R - start]
def attention_mask(position: int, rows: int, start: int, window: int, group: int, like: Tensor) -> Tensor:
  queries = torch.arange(position, position + rows, dtype=4, device=like.device).unsqueeze(1)
  keys = torch.arange(start, position + rows, dtype=4, device=like.device)
  hidden = torch.gt(keys, queries)
  if window > 0:
    hidden = torch.logical_or(hidden, torch.le(keys, queries - window))
  mask = torch.zeros([rows, position + rows - start], dtype=like.dtype, device=like.device)
  mask = torch.masked_fill(mask, hidden, float("-inf"))
  return mask.repeat([group, 1])


class Decoder(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # Uninitialised memory.
  def empty(self, shape: List[int], dtype: int, device: str) -> Tensor:
    return torch.empty(shape, dtype=dtype, device=torch.device(device))

  # Copies rows (or a vector's values) into target from row `first` on, converting type and device on the way.
  # bf16 arrives as fp16 with the same bits, because DJL cannot make a bf16 tensor.
  def fill(self, target: Tensor, first: int, source: Tensor, is_bfloat16: bool) -> Tensor:
    if is_bfloat16:
      source = torch.view_copy(source, 15)
    return torch.narrow(target, 0, first, source.size(0)).copy_(source)

  def frequencies(self, head_dim: int, kind: int, parameters: List[float], device: str) -> Tensor:
    theta, factor, low, high, original, = parameters
    return __torch__.inverse_frequencies(head_dim, kind, theta, factor, low, high, original).to(torch.device(device))

  # Some blocks of the pool: a view.
  def blocks(self, pool: Tensor, first: int, count: int) -> Tensor:
    return torch.narrow(pool, 0, first, count)

  # A copy of one block in the host's memory, for pools that live elsewhere.
  def to_host(self, pool: Tensor, block: int) -> Tensor:
    return torch.select(pool, 0, block).to(torch.device("cpu"))

  # The other way: `bits` are the block's bytes as an int8 vector in the host's memory.
  def from_host(self, pool: Tensor, block: int, bits: Tensor) -> Tensor:
    target = torch.select(pool, 0, block)
    return target.view([-1]).copy_(torch.view_copy(bits, pool.dtype))

  # Some tokens of one sequence. inputs (host, int64): R token ids, then the sequence's blocks.
  # weights: 3 for the model (embedding, norm, output projection), 1 for the rotary frequencies, then 11 a layer.
  # shape: L, H, K, D, T. windows: for each layer, 0 for none. call: position, R, valid tokens, blocks, logit rows.
  # Returns fp32 [logit rows, vocabulary] in the host's memory.
  def step(self, inputs: Tensor, pool: Tensor, weights: List[Tensor], shape: List[int], windows: List[int], call: List[int], eps: float) -> Tensor:
    layers, heads, kv_heads, head_dim, block_tokens, = shape
    position, rows, tokens, block_count, logit_rows, = call
    group = heads // kv_heads
    kv_width = kv_heads * head_dim
    embedding = weights[0]
    device = embedding.device
    ids = torch.narrow(inputs, 0, 0, rows).to(device)
    blocks = torch.narrow(inputs, 0, rows, block_count).to(device)
    x = torch.embedding(embedding, ids)
    width = x.size(1)

    # Rotary angles in fp32 whatever the compute type: [R, 1, D]. The sine carries the sign of rotate_half.
    angles = torch.arange(position, position + rows, dtype=6, device=device).unsqueeze(1) * weights[3]
    cos = torch.cos(angles)
    sin = torch.sin(angles)
    cos = torch.cat([cos, cos], 1).unsqueeze(1).to(x.dtype)
    sin = torch.cat([torch.neg(sin), sin], 1).unsqueeze(1).to(x.dtype)

    # A lone row is written first and read back with the past: one copy of the past less. With several rows the
    # padding has no place in the pool, so they are appended to a copy of the past.
    alone = rows == 1
    past_end = position
    if alone:
      past_end = position + 1

    # Full attention is set 0, the sliding window (of which a model has one size) set 1.
    window = 0
    for i in range(layers):
      if windows[i] > 0:
        window = windows[i]
    starts = [0, 0]
    if window > 0 and position + 1 > window:
      starts = [0, position + 1 - window]
    past_rows = [torch.unbind(__torch__.pool_rows(blocks, 0, past_end, layers, block_tokens))]
    masks = [x]
    if not alone:
      masks = [__torch__.attention_mask(position, rows, 0, 0, group, x)]
    if window > 0:
      past_rows.append(torch.unbind(__torch__.pool_rows(blocks, starts[1], past_end, layers, block_tokens)))
      if not alone:
        masks.append(__torch__.attention_mask(position, rows, starts[1], window, group, x))
    slots = torch.unbind(__torch__.pool_slots(blocks, position, tokens, layers, block_tokens))
    pool_by_block = pool.view([-1, block_tokens * kv_width])
    pool_by_token = pool.view([-1, kv_width])

    for i in range(layers):
      w = 4 + 11 * i
      h = torch.rms_norm(x, [width], weights[w], eps)
      # [R, H + 2K, D]: queries, keys, values
      qkv = __torch__.linear(__torch__.columns(h), weights[w + 1], weights[w + 2])
      qkv = torch.narrow(qkv, 1, 0, rows).t().contiguous()
      qkv = qkv.view([rows, heads + 2 * kv_heads, head_dim])
      qk = torch.narrow(qkv, 1, 0, heads + kv_heads)
      head_norm = weights[w + 3]
      if torch.numel(head_norm) > 0:
        qk = torch.rms_norm(qk, [head_dim], None, eps) * head_norm.view([heads + kv_heads, head_dim])
      qk = torch.addcmul(qk * cos, torch.roll(qk, [head_dim // 2], [2]), sin)
      # [2, R, K, D]
      new = torch.stack([torch.narrow(qk, 1, heads, kv_heads), torch.narrow(qkv, 1, heads + kv_heads, kv_heads)])
      pool_by_token.index_copy_(0, slots[i], torch.narrow(new, 1, 0, tokens).reshape([2 * tokens, kv_width]))

      if i < layers - 1 or logit_rows > 0:
        kind = 0
        if windows[i] > 0:
          kind = 1
        start = starts[kind]
        kv = new
        if past_end > start:
          past = torch.index_select(pool_by_block, 0, past_rows[kind][i]).view([2, -1, kv_heads, head_dim])
          kv = torch.narrow(past, 1, start % block_tokens, past_end - start)
          if not alone:
            kv = torch.cat([kv, new], 1)
        # [2, 1, K, P + R, D]
        kv = kv.transpose(1, 2).unsqueeze(1)
        q = torch.narrow(qk, 1, 0, heads)
        if alone:
          # [1, K, G, D]: the query heads that share a key head are the rows
          q = q.view([1, kv_heads, group, head_dim])
          y = torch.scaled_dot_product_attention(q, kv[0], kv[1], None, 0., False)
          y = y.reshape([1, heads * head_dim])
        else:
          # [1, K, G * R, D]
          q = q.view([rows, kv_heads, group, head_dim]).permute([1, 2, 0, 3]).reshape([1, kv_heads, group * rows, head_dim])
          y = torch.scaled_dot_product_attention(q, kv[0], kv[1], masks[kind], 0., False)
          y = y.reshape([kv_heads, group, rows, head_dim]).permute([2, 0, 1, 3]).reshape([rows, heads * head_dim])
        y = __torch__.linear(__torch__.columns(y), weights[w + 4], weights[w + 5])
        x = x + torch.narrow(y, 1, 0, rows).t()
        h = torch.rms_norm(x, [width], weights[w + 6], eps)
        # [2 * I, R]: gate, up
        gate_up = __torch__.linear(__torch__.columns(h), weights[w + 7], weights[w + 8])
        gate, up, = torch.chunk(gate_up, 2, 0)
        y = __torch__.linear(torch.silu(gate) * up, weights[w + 9], weights[w + 10])
        x = x + torch.narrow(y, 1, 0, rows).t()

    x = torch.narrow(x, 0, tokens - logit_rows, logit_rows)
    if logit_rows > 0:
      h = torch.rms_norm(x, [width], weights[1], eps)
      x = torch.narrow(torch.mm(weights[2], __torch__.columns(h)), 1, 0, logit_rows).t()
    return x.to(6).contiguous().to(torch.device("cpu"))
