# The decoder, in the dialect of TorchScript archives (a typed subset of Python; operators are torch.*).
# One program serves all families: what one lacks is an empty tensor (biases, head norms) or a 0 (windows).
#
# Shapes: R rows computed (valid tokens first, then padding), P past positions, H query heads, K key/value heads,
# G = H / K, D values of a head, L layers, T tokens in a block, B blocks of the pool, S sequences.
# The pool is [L, 2 (key, value), B, T, K, D]: a sequence whose blocks lie side by side is a view of it, not a copy.


# Rows to add for a product of oneDNN's, so that not every number of rows comes. For each that has come it keeps code, some
# 100 KB for each of a layer's matrices, up to 1,024 in all; to write it takes as long as a short prompt.
def padding(rows: int) -> int:
  if rows <= 32:
    return 0
  return (rows + 7) // 8 * 8 - rows


# A linear layer: [R, M] from [R, N]. `kind` says what the weight is:
# 0  a plain [M, N] matrix;
# 1  one that oneDNN has packed (pack). Its products have the same bits for a row whatever the other rows are and however
#    many, and are faster than plain ones from two rows on;
# 2  int8 with a scale a row (quantize), for few rows: the weights are read as they are, the input rounded to bf16;
# 3  the same for many rows: the weights are widened first, which is worth it when they are used that often;
# 4  fp16, for few rows: the input is rounded to fp16;
# 5  the same for many rows, widened first.
def linear(x: Tensor, weight: Tensor, scale: Tensor, bias: Tensor, kind: int) -> Tensor:
  if kind == 1:
    rows = x.size(0)
    padding = __torch__.padding(rows)
    if padding > 0:
      x = torch.constant_pad_nd(x, [0, 0, 0, padding])
    if torch.numel(bias) == 0:
      y = ops.mkldnn._linear_pointwise(x, weight, None, "none", annotate(List[Optional[number]], []), "")
    else:
      y = ops.mkldnn._linear_pointwise(x, weight, bias, "none", annotate(List[Optional[number]], []), "")
    if padding > 0:
      y = torch.narrow(y, 0, 0, rows)
  else:
    if kind == 0:
      y = torch.linear(x, weight)
    elif kind == 2:
      y = torch._weight_int8pack_mm(x.to(15), weight, scale).to(x.dtype)
    elif kind == 3:
      y = torch.linear(x, weight.to(x.dtype)) * scale.to(x.dtype)
    elif kind == 4:
      y = torch.linear(x.to(5), weight).to(x.dtype)
    else:
      y = torch.linear(x, weight.to(x.dtype))
    if torch.numel(bias) > 0:
      y = y + bias
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


# Rows of the pool seen as [L * 2 * B, T * K * D] that hold positions from `start` to before `end`: for each layer the
# keys' blocks, then the values'. [L, 2 * blocks]
def pool_rows(blocks: Tensor, start: int, end: int, layers: int, block_tokens: int, pool_blocks: int) -> Tensor:
  first = start // block_tokens
  count = (end + block_tokens - 1) // block_tokens - first
  planes = torch.arange(0, 2 * layers, dtype=4, device=blocks.device).view([layers, 2, 1]) * pool_blocks
  return (planes + torch.narrow(blocks, 0, first, count)).view([layers, 2 * count])


# Rows of the pool seen as [L * 2 * B * T, K * D] that take new keys, then new values, of tokens at (block, offset).
# [L, 2 * tokens]
def pool_slots(block: Tensor, offset: Tensor, layers: int, block_tokens: int, pool_blocks: int) -> Tensor:
  planes = torch.arange(0, 2 * layers, dtype=4, device=block.device).view([layers, 2, 1]) * pool_blocks
  return ((planes + block) * block_tokens + offset).view([layers, -1])


# Rows of the pool seen as [planes * B, T * K * D] that hold whole blocks, one block after the other. [n * planes]
def block_rows(blocks: List[int], planes: int, pool_blocks: int, device: Device) -> Tensor:
  index = torch.tensor(blocks, dtype=4, device=device)
  offsets = torch.arange(0, planes, dtype=4, device=device) * pool_blocks
  return (index.unsqueeze(1) + offsets).view([-1])


# Keys and values of one layer at positions from `start` on, [2, count, K, D]: a view if the sequence's blocks lie side by
# side from `first` on, else (first < 0) a copy by `rows`, which begin with the block of `start`.
def stored(pool: Tensor, layer: int, first: int, rows: Tensor, start: int, count: int, block_tokens: int) -> Tensor:
  kv_heads, head_dim, = pool.size(4), pool.size(5)
  if first < 0:
    copied = torch.index_select(pool.view([-1, block_tokens * kv_heads * head_dim]), 0, rows)
    kv = torch.narrow(copied.view([2, -1, kv_heads, head_dim]), 1, start % block_tokens, count)
  else:
    plane = torch.select(pool, 0, layer).view([2, -1, kv_heads, head_dim])
    kv = torch.narrow(plane, 1, first * block_tokens + start, count)
  return kv


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


# The first position that a row at `position` sees.
def window_start(position: int, window: int) -> int:
  start = 0
  if window > 0 and position + 1 > window:
    start = position + 1 - window
  return start


# Queries and keys turned by their angles, and values: [R, H + K, D] and [R, K, D] from the layer's input.
def project(h: Tensor, weights: List[Tensor], scales: List[Tensor], w: int, s: int, heads: int, kv_heads: int, cos: Tensor, sin: Tensor, eps: float, kind: int) -> Tuple[Tensor, Tensor]:
  head_dim = cos.size(2)
  qkv = __torch__.linear(h, weights[w + 1], scales[s], weights[w + 2], kind)
  qkv = qkv.view([h.size(0), heads + 2 * kv_heads, head_dim])
  qk = torch.narrow(qkv, 1, 0, heads + kv_heads)
  head_norm = weights[w + 3]
  if torch.numel(head_norm) > 0:
    qk = torch.rms_norm(qk, [head_dim], None, eps) * head_norm.view([heads + kv_heads, head_dim])
  qk = torch.addcmul(qk * cos, torch.roll(qk, [head_dim // 2], [2]), sin)
  return (qk, torch.narrow(qkv, 1, heads + kv_heads, kv_heads))


# What follows attention in a layer: its output projection and the feed-forward part, each added to x. [R, W]
def feed_forward(x: Tensor, y: Tensor, weights: List[Tensor], scales: List[Tensor], w: int, s: int, eps: float, kind: int) -> Tensor:
  x = x + __torch__.linear(y, weights[w + 4], scales[s + 1], weights[w + 5], kind)
  h = torch.rms_norm(x, [x.size(1)], weights[w + 6], eps)
  gate, up, = torch.chunk(__torch__.linear(h, weights[w + 7], scales[s + 2], weights[w + 8], kind), 2, 1)
  # In place: a further result of this size would be memory touched for the first time, which costs more than the product.
  y = torch.mul_(torch.silu(gate), up)
  return x + __torch__.linear(y, weights[w + 9], scales[s + 3], weights[w + 10], kind)


# Cosine and signed sine of rotary angles in fp32 whatever the compute type: [R, 1, D]. The sine carries the sign of
# rotate_half. positions: fp32 [R].
def rotary(positions: Tensor, frequencies: Tensor, like: Tensor) -> Tuple[Tensor, Tensor]:
  angles = positions.unsqueeze(1) * frequencies
  cos = torch.cos(angles)
  sin = torch.sin(angles)
  cos = torch.cat([cos, cos], 1).unsqueeze(1).to(like.dtype)
  sin = torch.cat([torch.neg(sin), sin], 1).unsqueeze(1).to(like.dtype)
  return (cos, sin)


class Decoder(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # Uninitialised memory.
  def empty(self, shape: List[int], dtype: int, device: str) -> Tensor:
    return torch.empty(shape, dtype=dtype, device=torch.device(device))

  # Nothing in the pool may be NaN, for what is masked is read all the same, and 0 * NaN is NaN.
  def clear(self, tensor: Tensor) -> Tensor:
    return torch.zero_(tensor)

  # Copies rows (or a vector's values) into target from row `first` on, converting type and device on the way.
  # bf16 arrives as fp16 with the same bits, because DJL cannot make a bf16 tensor.
  def fill(self, target: Tensor, first: int, source: Tensor, is_bfloat16: bool) -> Tensor:
    if is_bfloat16:
      source = torch.view_copy(source, 15)
    return torch.narrow(target, 0, first, source.size(0)).copy_(source)

  def frequencies(self, head_dim: int, kind: int, parameters: List[float], device: str) -> Tensor:
    theta, factor, low, high, original, = parameters
    return __torch__.inverse_frequencies(head_dim, kind, theta, factor, low, high, original).to(torch.device(device))

  # A matrix in oneDNN's order for products with about so many rows, of which it keeps its own copy.
  def pack(self, weight: Tensor, rows: int) -> Tensor:
    return ops.mkldnn._reorder_linear_weight(weight, rows)

  # The largest value of each row over 127, bf16 [M].
  def scales(self, weight: Tensor) -> Tensor:
    return torch.clamp_min(torch.amax(torch.abs(weight), [1]).to(6) / 127., 1e-30).to(15)

  # Weights over their row's scale, rounded: int8 [M, N].
  def quantize(self, weight: Tensor, scale: Tensor) -> Tensor:
    return torch.clamp(torch.round(weight.to(6) / scale.to(6).unsqueeze(1)), -127, 127).to(1)

  # One of the pool's 2 * L planes [B * T * K * D]: a view.
  def plane(self, pool: Tensor, index: int) -> Tensor:
    return torch.select(pool.view([-1, torch.numel(pool) // (pool.size(0) * 2)]), 0, index)

  # Part of a vector: a view.
  def part(self, vector: Tensor, first: int, count: int) -> Tensor:
    return torch.narrow(vector, 0, first, count)

  # Copies of blocks, one after the other, on the pool's device: n times [L, 2, T, K, D].
  def gather(self, pool: Tensor, blocks: List[int]) -> Tensor:
    planes = pool.size(0) * 2
    rows = __torch__.block_rows(blocks, planes, pool.size(2), pool.device)
    return torch.index_select(pool.view([planes * pool.size(2), -1]), 0, rows)

  # The other way: overwrites blocks with `bits` on the pool's device, an int8 vector.
  def scatter(self, pool: Tensor, blocks: List[int], bits: Tensor) -> Tensor:
    planes = pool.size(0) * 2
    rows = __torch__.block_rows(blocks, planes, pool.size(2), pool.device)
    by_block = pool.view([planes * pool.size(2), -1])
    return by_block.index_copy_(0, rows, torch.view_copy(bits, pool.dtype).view([-1, by_block.size(1)]))

  # Bytes on the device that `like` is on: a copy that is only queued, if it is not the host's memory.
  def upload(self, bits: Tensor, like: Tensor) -> Tensor:
    return torch.empty([bits.size(0)], dtype=1, device=like.device).copy_(bits, True)

  # Queues a copy of what gather returned into the host's memory, an int8 vector.
  def download(self, copied: Tensor, bits: Tensor) -> Tensor:
    return bits.copy_(torch.view_copy(copied, 1).view([-1]), True)

  # Some tokens of one sequence. inputs (host, int64): R token ids, then the sequence's blocks.
  # weights: 3 for the model (embedding, norm, output projection), 1 for the rotary frequencies, then 11 a layer.
  # scales: 1 for the output projection, then 4 a layer; empty where the weight has none.
  # shape: L, H, K, D, T, rows of an attention tile, kind of the weights. windows: for each layer, 0 for none.
  # call: position, R, valid tokens, blocks, first block if they lie side by side (else -1), logit rows.
  # Attention is computed in tiles of so many rows, the last one of what is left, each as if it were a call of its own: so
  # several chunks in one call have the bits of one after the other, as far as the linear layers' rows do not depend on each
  # other.
  # Returns in the host's memory, fp32, the logits [logit rows * vocabulary] and then for each layer the sum of the keys and
  # values that were written, which is finite if all of them are.
  def step(self, inputs: Tensor, pool: Tensor, weights: List[Tensor], scales: List[Tensor], shape: List[int], windows: List[int], call: List[int], eps: float) -> Tensor:
    layers, heads, kv_heads, head_dim, block_tokens, tile, kind, = shape
    position, rows, tokens, block_count, first_block, logit_rows, = call
    if rows < tile:
      tile = rows
    tiles = (rows + tile - 1) // tile
    if tile >= 32 and (kind == 2 or kind == 4):
      kind = kind + 1
    group = heads // kv_heads
    kv_width = kv_heads * head_dim
    pool_blocks = pool.size(2)
    embedding = weights[0]
    device = embedding.device
    ids = torch.narrow(inputs, 0, 0, rows).to(device)
    blocks = torch.narrow(inputs, 0, rows, block_count).to(device)
    x = torch.embedding(embedding, ids)
    positions = torch.arange(position, position + rows, dtype=6, device=device)
    cos, sin, = __torch__.rotary(positions, weights[3], x)

    # Without padding the new keys and values are read back with the past; padding has no place in the pool, so that
    # then they are appended to a copy of the past.
    whole = tokens == rows
    end = position
    if whole:
      end = position + rows

    # Full attention is set 0, the sliding window (of which a model has one size) set 1.
    window = 0
    for i in range(layers):
      if windows[i] > 0:
        window = windows[i]
    starts = [0, __torch__.window_start(position, window)]
    gathered = annotate(List[List[Tensor]], [])
    masks = annotate(List[List[Tensor]], [])
    for k in range(2):
      some_rows = annotate(List[Tensor], [])
      some_masks = annotate(List[Tensor], [])
      if k == 0 or window > 0:
        if first_block < 0 and end > starts[k]:
          some_rows = torch.unbind(__torch__.pool_rows(blocks, starts[k], end, layers, block_tokens, pool_blocks))
        for t in range(tiles):
          at = position + t * tile
          reach = 0
          if k == 1:
            reach = window
          height = min(tile, rows - t * tile)
          some_masks = torch.append(some_masks, __torch__.attention_mask(at, height, __torch__.window_start(at, reach), reach, group, x))
      gathered = torch.append(gathered, some_rows)
      masks = torch.append(masks, some_masks)
    new_positions = torch.arange(position, position + tokens, dtype=4, device=device)
    new_blocks = torch.index_select(blocks, 0, torch.floor_divide(new_positions, block_tokens))
    new_offsets = torch.remainder(new_positions, block_tokens)
    slots = torch.unbind(__torch__.pool_slots(new_blocks, new_offsets, layers, block_tokens, pool_blocks))
    pool_by_token = pool.view([-1, kv_width])
    sums = annotate(List[Tensor], [])

    for i in range(layers):
      w = 4 + 11 * i
      s = 1 + 4 * i
      h = torch.rms_norm(x, [x.size(1)], weights[w], eps)
      qk, v, = __torch__.project(h, weights, scales, w, s, heads, kv_heads, cos, sin, eps, kind)
      # [2, R, K, D]
      new = torch.stack([torch.narrow(qk, 1, heads, kv_heads), v])
      pool_by_token.index_copy_(0, slots[i], torch.narrow(new, 1, 0, tokens).reshape([2 * tokens, kv_width]))
      sums = torch.append(sums, torch.sum(torch.narrow(new, 1, 0, tokens), dtype=6))

      # In the last layer only the tile with the logit rows is of use to anyone, if they are all in one.
      first_tile = 0
      if i == layers - 1:
        last_tile = (tokens - 1) // tile
        if logit_rows == 0:
          first_tile = tiles
        elif tokens - logit_rows >= last_tile * tile:
          first_tile = last_tile
          tiles = last_tile + 1
      if first_tile < tiles:
        set = 0
        if windows[i] > 0:
          set = 1
        start = starts[set]
        kv = new
        if end > start:
          some_rows = gathered[set]
          index = slots[i]
          if first_block < 0:
            index = some_rows[i]
          kv = __torch__.stored(pool, i, first_block, index, start, end - start, block_tokens)
          if not whole:
            kv = torch.cat([kv, new], 1)
        # [2, 1, K, P + R, D]
        kv = kv.transpose(1, 2).unsqueeze(1)
        outputs = annotate(List[Tensor], [])
        for t in range(first_tile, tiles):
          from_key = __torch__.window_start(position + t * tile, windows[i]) - start
          height = min(tile, rows - t * tile)
          keys = position + t * tile + height - start - from_key
          seen = torch.narrow(kv, 3, from_key, keys)
          q = torch.narrow(torch.narrow(qk, 0, t * tile, height), 1, 0, heads)
          # [1, K, G * height, D]
          q = q.reshape([height, kv_heads, group, head_dim]).permute([1, 2, 0, 3]).reshape([1, kv_heads, group * height, head_dim])
          y = torch.scaled_dot_product_attention(q, seen[0], seen[1], masks[set][t], 0., False)
          outputs = torch.append(outputs, y.reshape([kv_heads, group, height, head_dim]).permute([2, 0, 1, 3]).reshape([height, heads * head_dim]))
        y = outputs[0]
        if torch.len(outputs) > 1:
          y = torch.cat(outputs)
        x = torch.narrow(x, 0, first_tile * tile, y.size(0))
        x = __torch__.feed_forward(x, y, weights, scales, w, s, eps, kind)
        tokens = tokens - first_tile * tile

    x = torch.narrow(x, 0, tokens - logit_rows, logit_rows)
    if logit_rows > 0:
      h = torch.rms_norm(x, [x.size(1)], weights[1], eps)
      no_bias = torch.narrow(weights[1], 0, 0, 0)
      x = __torch__.linear(h, weights[2], scales[0], no_bias, kind)
    return torch.cat([x.to(6).reshape([-1]), torch.stack(sums)]).to(torch.device("cpu"))

  # One token of each of S sequences. inputs (host, int64): S token ids, S positions, then for each sequence its blocks, as
  # many as the longest one has (others are followed by blocks of their own, which are read, and masked).
  # positions, first_blocks: for each sequence its token's position, and its first block if its blocks lie side by side,
  # else -1. Everything else as in step. Returns fp32 [S, vocabulary] in the host's memory.
  def decode(self, inputs: Tensor, pool: Tensor, weights: List[Tensor], scales: List[Tensor], shape: List[int], windows: List[int], positions: List[int], first_blocks: List[int], eps: float) -> Tensor:
    layers, heads, kv_heads, head_dim, block_tokens, tile, kind, = shape
    sequences = torch.len(positions)
    group = heads // kv_heads
    kv_width = kv_heads * head_dim
    pool_blocks = pool.size(2)
    embedding = weights[0]
    device = embedding.device
    if sequences > 24 and (kind == 2 or kind == 4):
      kind = kind + 1
    most_blocks = 0
    for b in range(sequences):
      most_blocks = max(most_blocks, positions[b] // block_tokens + 1)
    inputs = torch.narrow(inputs, 0, 0, sequences * (2 + most_blocks)).to(device)
    x = torch.embedding(embedding, torch.narrow(inputs, 0, 0, sequences))
    at = torch.narrow(inputs, 0, sequences, sequences)
    tables = torch.narrow(inputs, 0, 2 * sequences, sequences * most_blocks).view([sequences, most_blocks])
    cos, sin, = __torch__.rotary(at.to(6), weights[3], x)
    last_blocks = torch.gather(tables, 1, torch.floor_divide(at, block_tokens).unsqueeze(1)).view([-1])
    slots = torch.unbind(__torch__.pool_slots(last_blocks, torch.remainder(at, block_tokens), layers, block_tokens, pool_blocks))
    pool_by_token = pool.view([-1, kv_width])
    window = 0
    for i in range(layers):
      if windows[i] > 0:
        window = windows[i]

    # On the host each sequence attends for itself, over a view where it can. On a device, where a call costs more than
    # a copy, all do at once, over copies as long as the longest.
    together = x.is_cuda
    gathered = annotate(List[List[Tensor]], [])
    masks = annotate(List[Tensor], [])
    rows = annotate(List[Tensor], [])
    if together:
      keys = torch.arange(0, most_blocks * block_tokens, dtype=4, device=device)
      hidden = torch.gt(keys, at.unsqueeze(1))
      none = torch.zeros([sequences, most_blocks * block_tokens], dtype=x.dtype, device=device)
      masks = torch.append(masks, torch.masked_fill(none, hidden, float("-inf")).view([sequences, 1, 1, -1]))
      hidden = torch.logical_or(hidden, torch.le(keys, (at - window).unsqueeze(1)))
      masks = torch.append(masks, torch.masked_fill(none, hidden, float("-inf")).view([sequences, 1, 1, -1]))
      planes = torch.arange(0, 2 * layers, dtype=4, device=device).view([layers, 2, 1]) * pool_blocks
      rows = torch.unbind((planes + tables.view([-1])).view([layers, -1]))
    else:
      for b in range(sequences):
        for k in range(2):
          some_rows = annotate(List[Tensor], [])
          if first_blocks[b] < 0 and (k == 0 or window > 0):
            start = __torch__.window_start(positions[b], k * window)
            some_rows = torch.unbind(__torch__.pool_rows(tables[b], start, positions[b] + 1, layers, block_tokens, pool_blocks))
          gathered = torch.append(gathered, some_rows)

    for i in range(layers):
      w = 4 + 11 * i
      s = 1 + 4 * i
      h = torch.rms_norm(x, [x.size(1)], weights[w], eps)
      qk, v, = __torch__.project(h, weights, scales, w, s, heads, kv_heads, cos, sin, eps, kind)
      new = torch.stack([torch.narrow(qk, 1, heads, kv_heads), v])
      pool_by_token.index_copy_(0, slots[i], new.reshape([2 * sequences, kv_width]))
      # [S, K, G, D]: the query heads that share a key head are the rows
      q = torch.narrow(qk, 1, 0, heads).reshape([sequences, kv_heads, group, head_dim])
      set = 0
      if windows[i] > 0:
        set = 1
      if together:
        kv = torch.index_select(pool.view([-1, block_tokens * kv_width]), 0, rows[i])
        kv = kv.view([2, sequences, -1, kv_heads, head_dim]).transpose(2, 3)
        y = torch.scaled_dot_product_attention(q, kv[0], kv[1], masks[set], 0., False)
        y = y.reshape([sequences, heads * head_dim])
      else:
        outputs = annotate(List[Tensor], [])
        for b in range(sequences):
          start = __torch__.window_start(positions[b], windows[i])
          some_rows = gathered[2 * b + set]
          index = slots[i]
          if first_blocks[b] < 0:
            index = some_rows[i]
          kv = __torch__.stored(pool, i, first_blocks[b], index, start, positions[b] + 1 - start, block_tokens)
          kv = kv.transpose(1, 2).unsqueeze(1)
          y = torch.scaled_dot_product_attention(torch.narrow(q, 0, b, 1), kv[0], kv[1], None, 0., False)
          outputs = torch.append(outputs, y.reshape([1, heads * head_dim]))
        y = torch.cat(outputs)
      x = __torch__.feed_forward(x, y, weights, scales, w, s, eps, kind)

    h = torch.rms_norm(x, [x.size(1)], weights[1], eps)
    no_bias = torch.narrow(weights[1], 0, 0, 0)
    x = __torch__.linear(h, weights[2], scales[0], no_bias, kind)
    return x.to(6).contiguous().to(torch.device("cpu"))
