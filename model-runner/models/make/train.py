"""Trains the demo model: its tokenizer, then its weights, on text written by generate_text.py, and saves a Hugging Face directory.

    python train.py                      # the shipped model: one GPU, minutes
    python train.py --device cpu --steps 3 --batch-tokens 4096 --out /tmp/smoke     # does it run at all?
    python train.py --evaluate ../kvern-demo                                        # accuracy on held-out questions, on the CPU

Batch i is a function of the seed and i alone, whatever the number of worker processes. The arithmetic of a GPU is not exactly
repeatable, so a second training gives a model as good, not the same bytes.
"""

import argparse
import json
import math
import os
import random
import time
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import generate_text as g

SPECIALS = ["<|pad|>", "<|bos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
PAD, BOS, SYSTEM, USER, ASSISTANT, END = range(6)
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}")

CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 1280, "hidden_size": 256, "intermediate_size": 768,
    "num_hidden_layers": 10, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 4096,
    "rope_theta": 10000.0, "rope_scaling": None, "rms_norm_eps": 1e-5, "hidden_act": "silu", "attention_bias": False, "mlp_bias": False,
    "attention_dropout": 0.0, "initializer_range": 0.02, "pretraining_tp": 1, "tie_word_embeddings": True, "use_cache": True,
    "torch_dtype": "bfloat16", "bos_token_id": BOS, "eos_token_id": END, "pad_token_id": PAD}

# ------------------------------------------------------------------------------------------------------------------------- tokenizer


def train_tokenizer(seed):
    """Byte-level BPE; every digit is a token of its own, so that numbers are copied digit by digit."""
    r = random.Random(f"tokenizer {seed}")
    texts = [content for _ in range(3000) for _, content, *_ in g.conversation(r, r.randint(300, 5000), 8)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=CONFIG["vocab_size"], min_frequency=3, special_tokens=SPECIALS,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


# ------------------------------------------------------------------------------------------------------------------------------ data

LENGTHS = ((0.15, ((512, 1.0),)), (0.35, ((512, 0.3), (1024, 0.4), (2048, 0.3))), (1.01, ((512, 0.1), (1024, 0.15), (2048, 0.3), (4096, 0.45))))
CHARS_PER_TOKEN = 3.9


def row_text(r, tokens):
    """Conversations that fill a row of so many tokens: a text, then questions up to the end; now and then several conversations."""
    room = tokens * CHARS_PER_TOKEN
    out = []
    while room > 60:
        chars = room * r.uniform(0.1, 0.8)
        turns = r.randint(1, 5) if r.random() < 0.3 else int((room - chars) / 85) + 3
        text = g.render(g.conversation(r, chars, turns))
        out.append(text)
        room -= len(text.replace("<|assistant|>", "123"))
    return "".join(out)


class Batches(torch.utils.data.Dataset):
    """Batch i: (tokens, weights), each rows × (length + 1); answers weigh 1, everything else less."""

    def __init__(self, seed, steps, batch_tokens, tokenizer_file, other_weight):
        self.seed, self.steps, self.batch_tokens, self.file, self.other = seed, steps, batch_tokens, tokenizer_file, other_weight
        self.tokenizer = None

    def __len__(self):
        return self.steps

    def length(self, i):
        lengths = next(mix for until, mix in LENGTHS if i / self.steps < until)
        return random.Random(f"length {self.seed} {i}").choices([n for n, _ in lengths], [w for _, w in lengths])[0]

    def __getitem__(self, i):
        if self.tokenizer is None:
            self.tokenizer = Tokenizer.from_file(self.file)
        n = min(self.length(i), self.batch_tokens)
        tokens = np.full((self.batch_tokens // n, n + 1), PAD, dtype=np.int16)
        for j in range(len(tokens)):
            ids = self.tokenizer.encode(row_text(random.Random(f"train {self.seed} {i} {j}"), n + 1), add_special_tokens=False).ids[:n + 1]
            tokens[j, :len(ids)] = ids
        return torch.from_numpy(tokens), torch.from_numpy(np.where(answer_mask(tokens), 1.0, np.where(tokens == PAD, 0.0, self.other)).astype(np.float16))


def answer_mask(tokens):
    """True for the tokens of answers, their <|end|> included: where the last role marker before the token is <|assistant|>."""
    at = np.arange(tokens.shape[1])
    marks = np.where((tokens >= BOS) & (tokens <= ASSISTANT), at, 0)
    last = np.maximum.accumulate(marks, axis=1)
    role = np.take_along_axis(tokens, last, axis=1)
    return (role == ASSISTANT) & (tokens != ASSISTANT) & (tokens != PAD)


# ----------------------------------------------------------------------------------------------------------------------------- model


class Norm(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n))

    def forward(self, x):
        return F.rms_norm(x.float(), (x.shape[-1],), self.weight.float(), CONFIG["rms_norm_eps"])


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv, self.dim = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
        self.q_proj = nn.Linear(c["hidden_size"], self.heads * self.dim, bias=False)
        self.k_proj = nn.Linear(c["hidden_size"], self.kv * self.dim, bias=False)
        self.v_proj = nn.Linear(c["hidden_size"], self.kv * self.dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.dim, c["hidden_size"], bias=False)

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        q = self.q_proj(x).view(b, t, self.heads, self.dim).transpose(1, 2)  # batch × heads × time × dim
        k = self.k_proj(x).view(b, t, self.kv, self.dim).transpose(1, 2)
        v = self.v_proj(x).view(b, t, self.kv, self.dim).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = (y.repeat_interleave(self.heads // self.kv, dim=1) for y in (k, v))
        y = F.scaled_dot_product_attention(q, k.to(v.dtype), v, is_causal=True) if q.dtype == v.dtype else \
            F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, -1))


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class Mlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = nn.Linear(c["hidden_size"], c["intermediate_size"], bias=False)
        self.up_proj = nn.Linear(c["hidden_size"], c["intermediate_size"], bias=False)
        self.down_proj = nn.Linear(c["intermediate_size"], c["hidden_size"], bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = Norm(c["hidden_size"]), Norm(c["hidden_size"])
        self.self_attn, self.mlp = Attention(c), Mlp(c)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Inner(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))
        self.norm = Norm(c["hidden_size"])


class Llama(nn.Module):
    """The Llama of transformers, with its parameter names, without what training does not need."""

    def __init__(self, c):
        super().__init__()
        self.model = Inner(c)
        angles = torch.arange(c["max_position_embeddings"]).float()[:, None] / c["rope_theta"] ** (torch.arange(0, c["head_dim"], 2).float() / c["head_dim"])
        angles = torch.cat((angles, angles), dim=-1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                scale = 1 / math.sqrt(2 * c["num_hidden_layers"]) if name.endswith(("o_proj.weight", "down_proj.weight")) else 1
                nn.init.normal_(p, std=c["initializer_range"] * scale)

    def hidden(self, tokens):
        x = self.model.embed_tokens(tokens)
        cos, sin = self.cos[:tokens.shape[1]], self.sin[:tokens.shape[1]]
        for layer in self.model.layers:
            x = layer(x, cos, sin)
        return x

    def logits(self, tokens):
        return F.linear(self.model.norm(self.hidden(tokens)), self.model.embed_tokens.weight)


def weighted_loss(x, norm_weight, embedding, targets, weights):
    """Sum of weighted losses, and the plain sum over the answers (weight 1)."""
    x = F.rms_norm(x.float(), (x.shape[-1],), norm_weight, CONFIG["rms_norm_eps"])
    logits = F.linear(x, embedding).flatten(0, 1)
    each = F.cross_entropy(logits.float(), targets.flatten(), reduction="none")
    weights = weights.flatten()
    return (each * weights).sum() / weights.sum(), (each.detach() * (weights == 1)).sum() / (weights == 1).sum().clamp(min=1)


# -------------------------------------------------------------------------------------------------------------------------- training


def train(a):
    torch.manual_seed(a.seed)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer_file = str(out / "tokenizer.json")
    tokenizer = train_tokenizer(a.seed)
    tokenizer.save(tokenizer_file)
    sample = g.render(g.conversation(random.Random(5), 8000, 20))
    print(f"tokenizer: {tokenizer.get_vocab_size()} tokens, {len(sample) / len(tokenizer.encode(sample).ids):.2f} characters each", flush=True)

    cuda = a.device == "cuda"
    if cuda:
        torch.set_float32_matmul_precision("high")
    model = Llama(CONFIG).to(a.device)
    print(f"parameters: {sum(p.numel() for p in model.parameters())}", flush=True)
    loss_of = weighted_loss
    if cuda:
        torch._dynamo.config.recompile_limit = 64
        for layer in model.model.layers:
            layer.compile(dynamic=False)
        loss_of = torch.compile(weighted_loss, dynamic=False)
    decay = [p for p in model.parameters() if p.dim() == 2]
    plain = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": a.weight_decay}, {"params": plain, "weight_decay": 0.0}],
                                  lr=a.lr, betas=(0.9, 0.95), fused=cuda)
    data = Batches(a.seed, a.steps, a.batch_tokens, tokenizer_file, a.other_weight)
    loader = torch.utils.data.DataLoader(data, batch_size=None, num_workers=a.workers, pin_memory=cuda, prefetch_factor=6 if a.workers else None)

    start = last = time.time()
    losses, waited, step = [], 0.0, 0
    before = time.time()
    for step, (tokens, weights) in enumerate(loader):
        waited += time.time() - before
        elapsed = time.time() - start
        progress = max(step / a.steps, elapsed / a.max_seconds if a.max_seconds else 0)
        if progress >= 1:
            break
        rate = a.lr * min(1, (step + 1) / a.warmup) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        tokens = tokens.to(a.device, non_blocking=True).long()
        weights = weights.to(a.device, non_blocking=True).float()[:, 1:]
        with torch.autocast(a.device, dtype=torch.bfloat16, enabled=cuda):
            x = model.hidden(tokens[:, :-1])
            loss, answers = loss_of(x, model.model.norm.weight, model.model.embed_tokens.weight, tokens[:, 1:], weights)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(torch.stack((loss.detach(), answers)))
        if step % a.log_every == 0:
            mean = torch.stack(losses).mean(0).tolist()
            now = time.time()
            print(f"step {step} t {elapsed:.0f}s length {tokens.shape[1] - 1} loss {mean[0]:.4f} answers {mean[1]:.4f} lr {rate:.2e} "
                  f"tok/s {len(losses) * a.batch_tokens / (now - last):.0f} waited {waited:.1f}s", flush=True)
            losses, last, waited = [], now, 0.0
        before = time.time()
    seconds = time.time() - start
    print(f"trained {step if a.max_seconds else step + 1} steps of {a.batch_tokens} tokens in {seconds:.0f} s", flush=True)
    save(model, tokenizer, out)
    if cuda:
        print(json.dumps(evaluate(out, a.device, a.seed, a.evaluation_rows), indent=1), flush=True)


def save(model, tokenizer, out):
    save_file({k: v.detach().to(torch.bfloat16).cpu().contiguous() for k, v in model.state_dict().items()},
              str(out / "model.safetensors"), metadata={"format": "pt"})
    tokenizer.save(str(out / "tokenizer.json"))

    def write(name, value):
        (out / name).write_text(json.dumps(value, indent=2) + "\n")

    write("config.json", CONFIG)
    write("generation_config.json", {"bos_token_id": BOS, "eos_token_id": END, "pad_token_id": PAD, "do_sample": False, "max_new_tokens": 64})
    added = {str(i): {"content": s, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
             for i, s in enumerate(SPECIALS)}
    names = {"bos_token": "<|bos|>", "eos_token": "<|end|>", "pad_token": "<|pad|>"}
    extra = ["<|system|>", "<|user|>", "<|assistant|>"]
    write("special_tokens_map.json", {**names, "additional_special_tokens": extra})
    write("tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 4096, "clean_up_tokenization_spaces": False,
                                    "model_input_names": ["input_ids", "attention_mask"], **names, "additional_special_tokens": extra,
                                    "added_tokens_decoder": added, "chat_template": CHAT_TEMPLATE})


# ------------------------------------------------------------------------------------------------------------------------ evaluation

SIZES = {"short (to 500 tokens)": 1200, "middle (about 1,300 tokens)": 5000, "long (about 3,000 tokens)": 11600}


@torch.no_grad()
def evaluate(directory, device, seed, rows):
    """Share of held-out questions whose whole answer, up to <|end|>, is what greedy decoding gives; by kind of question and length.

    Every token of the right answer is fed in and has to be the most likely one at its place, which is the same as greedy decoding
    giving exactly that answer. The weights are the saved ones (bfloat16), the arithmetic is fp32.
    """
    directory = Path(directory)
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    model = Llama(CONFIG)
    model.load_state_dict({k: v.float() for k, v in load_file(str(directory / "model.safetensors")).items()})
    model.to(device).eval()
    torch.set_float32_matmul_precision("highest")
    result = {}
    for size, chars in SIZES.items():
        right, asked = {}, {}
        for i in range(rows):
            r = random.Random(f"held out {seed} {size} {i}")
            shape = r.choice(("handbook", "report", "told")) if chars < 2000 else r.choice(("handbook", "report"))
            messages = g.conversation(r, chars, 8, shape)
            ids = tokenizer.encode(g.render(messages)).ids[:CONFIG["max_position_embeddings"]]
            best = model.logits(torch.tensor([ids], device=device))[0].argmax(-1).tolist()
            turns = [(how, value) for role, _, value, how in messages if role == "assistant"]
            starts = [j for j, t in enumerate(ids) if t == ASSISTANT]
            for number, ((how, _), j) in enumerate(zip(turns, starts)):
                if END not in ids[j:]:
                    continue
                end = ids.index(END, j)
                how = "first turn" if number == 0 and how == "direct" else how
                asked[how] = asked.get(how, 0) + 1
                right[how] = right.get(how, 0) + (best[j:end] == ids[j + 1:end + 1])
        result[size] = {how: f"{right[how]}/{asked[how]} = {right[how] / asked[how]:.3f}" for how in sorted(asked)}
        result[size]["all"] = f"{sum(right.values())}/{sum(asked.values())} = {sum(right.values()) / sum(asked.values()):.3f}"
    return result


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", default="../kvern-demo")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--seed", type=int, default=17)
    p.add_argument("--steps", type=int, default=4000)
    p.add_argument("--max-seconds", type=float, default=0, help="end earlier: the learning rate then falls with the clock (0: no limit)")
    p.add_argument("--batch-tokens", type=int, default=131072)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--warmup", type=int, default=150)
    p.add_argument("--weight-decay", type=float, default=0.1)
    p.add_argument("--other-weight", type=float, default=0.3, help="weight of the tokens outside answers")
    p.add_argument("--workers", type=int, default=max(0, min(15, (os.cpu_count() or 1) - 1)))
    p.add_argument("--log-every", type=int, default=50)
    p.add_argument("--evaluate", metavar="DIRECTORY", help="no training: measure this model")
    p.add_argument("--evaluation-rows", type=int, default=60)
    a = p.parse_args()
    if a.evaluate:
        print(json.dumps(evaluate(a.evaluate, a.device, a.seed, a.evaluation_rows), indent=1))
    else:
        train(a)


if __name__ == "__main__":
    main()
