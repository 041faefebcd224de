"""Writes what transformers computes from a model on this machine, for `kvern verify-model --reference`.

    python reference_logits.py MODEL FILE --device cuda:0 --dtype bfloat16      # needs torch, transformers, safetensors

input_ids int64 [tokens], seeded and random; logits float32 [tokens, vocabulary].
"""

import argparse

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("file")
parser.add_argument("--device", default="cpu")
parser.add_argument("--dtype", default="float32")
parser.add_argument("--tokens", type=int, default=300)
arguments = parser.parse_args()

dtype = getattr(torch, arguments.dtype)
model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=dtype, attn_implementation="sdpa")
model = model.to(arguments.device).eval()
ids = torch.randint(model.config.vocab_size, (1, arguments.tokens), generator=torch.Generator().manual_seed(1))
with torch.inference_mode():
    logits = model(ids.to(arguments.device)).logits[0].float().cpu()
save_file({"input_ids": ids[0].contiguous(), "logits": logits.contiguous()}, arguments.file)
print(f"{arguments.tokens} tokens, logits from {logits.min():.2f} to {logits.max():.2f}")
