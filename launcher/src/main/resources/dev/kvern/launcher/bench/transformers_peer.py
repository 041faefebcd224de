"""What `kvern bench engine` compares with: transformers, driven by one JSON object a line on standard input.

{"op": "load", "model": DIR, "device": "cpu", "dtype": "fp32", "threads": 2}  ->  {"versions": "..."}
{"op": "prefill" | "decode" | "batch", "requests": [{"prompt": [ids], "tokens": n}, ...]}
    ->  {"seconds": s, "tokens": [[ids], ...]}
What fails is answered with {"error": "..."}. What is timed is what a user of transformers would write: the model called with
its own cache for one request, generate() for several.
"""

import json
import os
import sys
import time

# Answers go where standard output did; whatever a library prints goes to standard error.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


class Peer:
    def load(self, command):
        import torch
        import transformers

        torch.set_num_threads(command["threads"])
        self.torch = torch
        self.device = command["device"]
        self.model = (
            transformers.AutoModelForCausalLM.from_pretrained(
                command["model"], dtype=getattr(torch, DTYPES[command["dtype"]]), attn_implementation="sdpa"
            )
            .to(self.device)
            .eval()
        )
        # Requests have a length, not an end token.
        self.model.generation_config = transformers.GenerationConfig(do_sample=False, pad_token_id=0, eos_token_id=None)
        return {"versions": f"transformers {transformers.__version__}, torch {torch.__version__}"}

    def run(self, command):
        with self.torch.inference_mode():
            return getattr(self, command["op"])(command["requests"])

    def ids(self, tokens):
        return self.torch.tensor([tokens], device=self.device)

    def now(self):
        if self.device != "cpu":
            self.torch.cuda.synchronize()
        return time.perf_counter()

    def first(self, request):
        output = self.model(self.ids(request["prompt"]), use_cache=True, logits_to_keep=1)
        return output.logits[:, -1:].argmax(-1), output.past_key_values

    def prefill(self, requests):
        begin = self.now()
        token, _ = self.first(requests[0])
        return {"seconds": self.now() - begin, "tokens": [token[0].tolist()]}

    def decode(self, requests):
        token, cache = self.first(requests[0])
        tokens = [token]
        begin = self.now()
        for _ in range(requests[0]["tokens"] - 1):
            output = self.model(token, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache = output.past_key_values
            token = output.logits[:, -1:].argmax(-1)
            tokens.append(token)
        return {"seconds": self.now() - begin, "tokens": [[t.item() for t in tokens]]}

    # All in one batch, padded on the left, until the longest is done: what the shorter ones get beyond their length is waste.
    def batch(self, requests):
        torch = self.torch
        begin = self.now()
        width = max(len(r["prompt"]) for r in requests)
        ids = torch.zeros((len(requests), width), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, request in enumerate(requests):
            start = width - len(request["prompt"])
            ids[row, start:] = torch.tensor(request["prompt"])
            mask[row, start:] = 1
        longest = max(r["tokens"] for r in requests)
        output = self.model.generate(
            ids.to(self.device),
            attention_mask=mask.to(self.device),
            max_new_tokens=longest,
            min_new_tokens=longest,
            do_sample=False,
            use_cache=True,
        )
        seconds = self.now() - begin
        tokens = [output[row, width : width + r["tokens"]].tolist() for row, r in enumerate(requests)]
        return {"seconds": seconds, "tokens": tokens}


peer = Peer()
for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = peer.load(command) if command["op"] == "load" else peer.run(command)
    except Exception as failure:
        answer = {"error": f"{type(failure).__name__}: {failure}".splitlines()[0]}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
