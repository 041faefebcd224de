"""Writes the workload of `kvern demo`: conversations about made-up handbooks and reports, with questions the demo model answers right.

    python make_workload.py                     # writes ../demo-workload/workload.json, then plays it
    python make_workload.py --play              # no writing: what the model answers to the workload as it stands

Texts and questions are drawn by generate_text.py from a seed. A question is kept if greedy decoding in fp32 (transformers, the whole
prompt at once) gives exactly the right answer, each token of it ahead of the second choice by a margin: the small model is wrong now
and then, and the demo is about time, not about that; and an engine that sums in another order then says the same. So the workload
says nothing about how often the model is right; `train.py --evaluate` does.

The demo sends the requests one after another to two runners in turn. Conversations with an equal system text, or without one an equal
first message, share a prefix; the script asserts that the second request of each such group lands on the other runner.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import generate_text as g

HERE = Path(__file__).resolve().parent
MAX_TOKENS = 40
MARGIN = 2.0  # of logits
CONTEXT_TOKENS = 4096
UNKNOWN = "I am sorry, I have no word on that."


class Model:
    def __init__(self, directory):
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        self.model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()

    def tokens(self, text):
        return len(self.tokenizer(text, add_special_tokens=False).input_ids)

    def answer(self, messages):
        """(answer, smallest margin of its tokens, prompt tokens); the answer is None where it does not end within MAX_TOKENS."""
        prompt = self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        n = prompt["input_ids"].shape[1]
        out = self.model.generate(**prompt, max_new_tokens=MAX_TOKENS, do_sample=False, output_logits=True, return_dict_in_generate=True)
        ids = out.sequences[0, n:].tolist()
        top = torch.stack(out.logits)[:, 0].topk(2).values  # answer tokens × 2
        ended = ids[-1] == self.model.generation_config.eos_token_id
        return self.tokenizer.decode(ids, skip_special_tokens=True) if ended else None, (top[:, 0] - top[:, 1]).min().item(), n


class Document:
    """A text of a made-up house, and what is left to be asked about it."""

    def __init__(self, model, name, seed, write, tokens):
        self.r = random.Random(f"workload {seed} {name}")
        low, high = tokens
        while True:  # until the length is right
            self.world = g.World(self.r)
            groups = self.world.facts(4.1 * (low + high) / 2)
            self.text = write(self.world, groups)
            if low <= model.tokens(self.text) <= high:
                break
        self.groups = list(groups)
        self.r.shuffle(self.groups)

    def known(self):
        """Questions with their answers, of one subject after another; a subject is asked about once."""
        while self.groups:
            fact, questions = self.r.choice(self.groups.pop())
            yield self.r.choice(questions), fact

    def unknown(self):
        while True:
            yield self.world.unknown(), UNKNOWN

    def thanks(self):
        for text in self.r.sample(g.THANKS, len(g.THANKS)):
            yield text, f"You are welcome. Enjoy your time at the {self.world.name}."

    def told(self):
        """The text itself, as a message."""
        yield self.text, f"Thank you. Now I know the {self.world.name}. What would you like to know?"


def converse(model, name, title, system, turns, expected):
    """A conversation whose turns are the first of each source that the model answers right; appends the answers to `expected`."""
    messages = [] if system is None else [{"role": "system", "content": system}]
    asked = []
    for source in turns:
        for question, right in source:
            attempt = messages + [{"role": "user", "content": question}]
            answer, margin, _ = model.answer(attempt)
            if answer == right and margin >= MARGIN:
                break
            print(f"  not asked: {question[-70:]!r}: {answer!r}, margin {margin:.2f}", flush=True)
        else:
            raise SystemExit(f"{name}: no question left that is answered right; try another --seed")
        messages = attempt + [{"role": "assistant", "content": answer}]
        asked.append({"user": question})
        expected.append(answer)
    return {"name": name, "title": title, "system": system, "turns": asked, "max_tokens": MAX_TOKENS}


def make(model, seed):
    """The workload, and the right answers in the order of the requests."""
    conversations, expected = [], []

    def add(name, title, system, *turns):
        print(f"{name}: {title}", flush=True)
        conversations.append(converse(model, name, title, system, turns, expected))

    title = "Several users share a long system prompt"
    shared = Document(model, title, seed, g.handbook, (2600, 3000))
    questions = shared.known()
    add("Ingrid", title, shared.text, questions)
    add("Pavel", title, shared.text, questions)
    add("Amina", title, shared.text, questions, questions)
    add("Leo", title, shared.text, questions)

    title = "A chat of several turns"
    chat = Document(model, "told", seed, g.report, (800, 1000))
    questions = chat.known()
    add("Rosa", title, None, chat.told(), questions, questions, questions)
    chat = Document(model, "handbook", seed, g.handbook, (700, 900))
    questions = chat.known()
    add("Daniel", title, chat.text, questions, questions, chat.unknown(), chat.thanks())

    title = "The same document asked about twice"
    document = Document(model, title, seed, g.report, (3350, 3550))
    questions = document.known()
    add("Yusuf", title, document.text, questions)
    add("Hanna", title, document.text, questions, questions)
    return {"version": 1, "conversations": conversations}, expected


def check(workload):
    """That reuse crosses machines: of the requests that begin the same way, the second runs where the first did not."""
    runners, number = {}, 0
    for c in workload["conversations"]:
        group = c["system"] or c["turns"][0]["user"]
        for _ in c["turns"]:
            runners.setdefault(group, []).append(number % 2)
            number += 1
    assert all(len(at) > 1 and at[0] != at[1] for at in runners.values()), list(runners.values())
    first, second = workload["conversations"][-2:]
    assert first["system"] == second["system"] and len(first["turns"]) == 1, "the other runner meets the document with its second asker"


def play(model, workload, expected=None):
    """Prints every request and its answer; the number of answers that are not the expected ones."""
    wrong, number, title = 0, 0, None
    for c in workload["conversations"]:
        if c["title"] != title:
            title = c["title"]
            print(f"\n{title}")
        messages = [] if c["system"] is None else [{"role": "system", "content": c["system"]}]
        for turn in c["turns"]:
            messages.append({"role": "user", "content": turn["user"]})
            answer, margin, tokens = model.answer(messages)
            assert tokens + c["max_tokens"] <= CONTEXT_TOKENS, tokens
            messages.append({"role": "assistant", "content": answer or ""})
            mark = ""
            if expected and answer != expected[number]:
                wrong, mark = wrong + 1, f"  WRONG, expected {expected[number]!r}"
            question = turn["user"].split("\n")[0]  # of a text that is told, how it opens
            print(f"{number + 1:3} runner-{number % 2 + 1} {tokens:5} tokens  margin {margin:5.2f}  {c['name']}: {question}  →  {answer}{mark}", flush=True)
            number += 1
    return wrong


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", default=HERE.parent / "kvern-demo")
    p.add_argument("--out", type=Path, default=HERE.parent / "demo-workload" / "workload.json")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--play", action="store_true", help="no writing: play the workload as it stands")
    a = p.parse_args()
    model, expected = Model(a.model), None
    if not a.play:
        workload, expected = make(model, a.seed)
        check(workload)
        a.out.parent.mkdir(parents=True, exist_ok=True)
        a.out.write_text(json.dumps(workload, indent=2, ensure_ascii=False) + "\n")
    workload = json.loads(a.out.read_text())
    check(workload)
    if play(model, workload, expected):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
