#!/usr/bin/env python3
"""Writes ../resources/dev/kvern/runner/chat/vectors.json: what transformers' own environment renders.

    pip install transformers jinja2==3.1.6 && python3 make_vectors.py [SEED SIZE]

The Java tests compare the runner's chat templates with these, never with its own output. Templates are written after the
formats that models have published; probes.py holds the small ones and the seeded random ones. `error` says that the
reference fails: the runner must fail too, and `raised` with which message, where the template itself refuses.
"""

import copy
import datetime
import json
import pathlib
import re
import sys
import warnings

import jinja2
from transformers.utils import chat_template_utils

import probes

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent / "resources/dev/kvern/runner/chat/vectors.json"
DEMO = HERE.parents[2] / "models/kvern-demo/tokenizer_config.json"
NOW = datetime.datetime(2024, 7, 6, 9, 5, 3)

ENVIRONMENT = chat_template_utils._compile_jinja_template("").environment
ENVIRONMENT.globals["strftime_now"] = lambda format: NOW.strftime(format)

TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments, id="abcdefghi"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather at a place: \"now\" & <later>.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "A city, e.g. Zürich"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
                "days": {"type": "integer", "nullable": True},
                "where": {"type": ["string", "number"], "default": 1.5},
            },
            "required": ["city"],
        },
    },
}
SEARCH = {
    "type": "function",
    "function": {
        "name": "search",
        "description": "Finds 'things'\nin an index",
        "parameters": {
            "type": "object",
            "properties": {
                "terms": {"type": "array", "items": {"type": "string"}},
                "filter": {
                    "type": "object",
                    "properties": {"from": {"type": "number"}, "exact": {"type": "boolean"}},
                    "required": ["from"],
                    "additionalProperties": {"type": "number"},
                },
            },
            "required": [],
        },
    },
}

CHATS = {
    "user": [turn("user", "Hello!")],
    "system": [turn("system", "Be brief."), turn("user", "Why is the sky blue?")],
    "turns": [
        turn("user", "One?"),
        turn("assistant", "Two."),
        turn("user", "Three?"),
        turn("assistant", "Four."),
        turn("user", "Five?"),
    ],
    "system_turns": [
        turn("system", "  You know\n\nnumbers. "),
        turn("user", "\n 1+1? \t"),
        turn("assistant", "\n\n2 \n"),
        turn("user", "and\r\n2+2?  "),
    ],
    "unicode": [
        turn("system", "Réponds en 日本語 🙂"),
        turn("user", "Grüße 👩‍👩‍👧‍👦 \u00a0 ‮rtl‬ \u2028 <b>&amp;</b> \"q\" 'q'"),
        turn("assistant", "こんにちは\\n {{ not a tag }} {% nor this %}"),
        turn("user", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢\u0000\u001f"),
    ],
    "tokens": [turn("user", "<|im_end|>\n<|im_start|>system\nhi [/INST] </s>"), turn("assistant", ""), turn("user", "")],
    "ends_with_assistant": [turn("user", "Say it."), turn("assistant", "  It. ")],
    "thoughts": [
        turn("user", "Think."),
        turn("assistant", "<think>\nfirst\n\nthen\n</think>\n\nDone."),
        turn("user", "Again /no_think"),
        turn("assistant", "<think>\n\n</think>\n\nDone again."),
        turn("user", "More"),
    ],
    "thinking_last": [
        turn("system", "Use /think here."),
        turn("user", "Think."),
        turn("assistant", "\nAnswer", reasoning_content="\nbecause\n"),
    ],
    "tool": [
        turn("system", "Tools are there."),
        turn("user", "Weather in Zürich?"),
        turn("assistant", "Let me see.", tool_calls=[call("get_weather", {"city": "Zürich", "days": 2, "f": 1.0, "n": None})]),
        turn("tool", '{"temperature": 21.5}', tool_call_id="abcdefghi", name="get_weather"),
        turn("assistant", "21.5 °C."),
        turn("user", "Thanks"),
    ],
    "tools_twice": [
        turn("user", "Both cities, please"),
        turn("assistant", "", tool_calls=[call("get_weather", {"city": "A"}), call("search", {"terms": ["x", "y"], "filter": {}})]),
        turn("tool", "first", tool_call_id="abcdefghi"),
        turn("tool", "second", tool_call_id="abcdefghi"),
    ],
    "tool_null": [
        turn("user", "Go"),
        turn("assistant", None, tool_calls=[call("search", "{\"terms\": []}")]),
        turn("tool", {"content": [1, 2.5, "drei"]}, tool_call_id="short"),
    ],
    "parts": [
        turn("system", [{"type": "text", "text": "System part."}]),
        turn("user", [{"type": "text", "text": " Look: "}, {"type": "image"}, {"type": "text", "text": "what is it?"}]),
        turn("assistant", [{"type": "text", "text": "A cat."}]),
    ],
    "out_of_order": [turn("user", "a"), turn("user", "b"), turn("assistant", "c")],
    "assistant_first": [turn("assistant", "Hi."), turn("user", "Hi!")],
    "system_late": [turn("user", "a"), turn("assistant", "b"), turn("system", "c"), turn("user", "d")],
    "stranger": [turn("user", "a"), turn("narrator", "Meanwhile.")],
    "no_content": [{"role": "user"}],
    "null_content": [turn("user", None)],
    "number_content": [turn("user", 5)],
    "override": [turn("system", "Plain. /system_override"), turn("user", "Hi")],
    "none": [],
}

EXTRA = {
    "": {},
    "tools": {"tools": [WEATHER, SEARCH]},
    "no_thinking": {"enable_thinking": False},
    "documents": {"documents": [{"title": "T1", "text": "text one"}, {"title": "T2", "text": "zwei"}]},
    "user_tools": {"tools": [SEARCH], "tools_in_user_message": False, "date_string": "1 Jan 2025"},
    "builtin_tools": {"builtin_tools": ["brave_search", "code_interpreter", "get_weather"]},
}


def render(template, variables):
    try:
        # surrogates cannot be written: what cannot be encoded is no text
        # a copy: `list | indent` changes its input in jinja2 3.1, for want of a check
        text = ENVIRONMENT.from_string(template).render(**copy.deepcopy(variables))
        text.encode()
        return {"out": text}
    except jinja2.exceptions.TemplateError as e:
        if type(e) is jinja2.exceptions.TemplateError:
            return {"error": True, "raised": e.message}
        return {"error": True}
    except Exception:
        return {"error": True}


def chat_cases(templates):
    cases = []
    for name, template in templates.items():
        for chat, messages in CHATS.items():
            for extra, variables in EXTRA.items():
                if extra and not any(word in template for word in variables):
                    continue
                if extra and chat not in ("system", "tool", "tools_twice", "thoughts", "unicode"):
                    continue
                for prompt in (True, False) if not extra and chat in ("user", "system", "turns", "tool", "unicode", "ends_with_assistant") else (True,):
                    all = {"tools": None, "documents": None, **TOKENS, **variables}
                    result = render(template, {**all, "messages": messages, "add_generation_prompt": prompt})
                    cases.append({"template": name, "chat": chat, "extra": extra, "prompt": prompt, **result})
    return cases


def main():
    warnings.simplefilter("ignore", SyntaxWarning)
    templates = {path.stem: path.read_text() for path in sorted(HERE.glob("*.jinja"))}
    templates["kvern-demo"] = json.loads(DEMO.read_text())["chat_template"]
    chats = chat_cases(templates)
    seed, size = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (1, 400)
    sources = [*probes.small(), *probes.random_whitespace(seed, size)]
    small = [{"template": t, **render(t, probes.VARIABLES)} for t in sources]
    random = [{"template": t, **render(t, probes.VARIABLES)} for t in probes.random_expressions(seed, 5 * size)]
    # Most that fail do so for want of types that fit; a few will do.
    failing = [c for c in random if "error" in c]
    small += [c for c in random if "error" not in c] + failing[::5]
    # What Python prints of functions and generators is an address.
    small = [c for c in small if not re.search(r"<[^<>]* at 0x|<built-in|<function|<class", c.get("out", ""))]
    lines = [
        '{"now": ' + json.dumps(NOW.isoformat()),
        ',"tokens": ' + json.dumps(TOKENS),
        ',"templates": ' + json.dumps(templates, ensure_ascii=False, indent=0),
        ',"chats": ' + json.dumps(CHATS),
        ',"extra": ' + json.dumps(EXTRA),
        ',"variables": ' + json.dumps(probes.VARIABLES),
        ',"chat_cases": [\n' + ",\n".join(json.dumps(c, ensure_ascii=False) for c in chats) + "\n]",
        ',"probes": [\n' + ",\n".join(json.dumps(c, ensure_ascii=False) for c in small) + "\n]",
        "}",
    ]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("\n".join(lines) + "\n")
    failing = sum("error" in c for c in chats + small)
    print(f"{len(chats)} chats, {len(small)} probes, {failing} of them failing, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
