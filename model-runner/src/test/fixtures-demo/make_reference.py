"""Writes reference.safetensors: what transformers computes in fp32 from the demo model, for `kvern verify-model --reference`.

    python make_reference.py        # needs torch, transformers, safetensors

input_ids int64 [200]: how the first chat with a handbook of 700 to 900 tokens in the workload begins, as the chat template writes it;
logits float32 [200, vocabulary]. Only the beginning, because a whole prompt's logits are megabytes.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).resolve().parent
MODELS = HERE.parents[2] / "models"
TOKENS = 200  # three prefill chunks of 64, and a part of one

workload = json.loads((MODELS / "demo-workload" / "workload.json").read_text())
chat = next(c for c in workload["conversations"] if c["title"] == "A chat of several turns" and c["system"])
messages = [{"role": "system", "content": chat["system"]}, {"role": "user", "content": chat["turns"][0]["user"]}]
tokenizer = AutoTokenizer.from_pretrained(MODELS / "kvern-demo")
model = AutoModelForCausalLM.from_pretrained(MODELS / "kvern-demo", dtype=torch.float32).eval()
prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
ids = prompt["input_ids"][:, :TOKENS]
with torch.no_grad():
    logits = model(ids).logits[0]
assert ids.shape[1] == TOKENS and logits.dtype == torch.float32
save_file({"input_ids": ids[0].contiguous(), "logits": logits.contiguous()}, HERE / "reference.safetensors")
print(f"{TOKENS} tokens, logits {tuple(logits.shape)}, from {logits.min():.2f} to {logits.max():.2f}")
