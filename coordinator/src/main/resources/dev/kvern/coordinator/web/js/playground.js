// Sends a prompt and shows, block by block, where its keys and values come from.

import { showBlocks } from "./blockmap.js";
import { pairs } from "./detail.js";
import { byId, create, setText } from "./dom.js";
import { count, millis, share } from "./format.js";

const state = byId("result-state");
const box = byId("result-blocks");
const output = byId("result-text");
const figures = byId("result-figures");
const send = byId("prompt-send");
const stop = byId("prompt-stop");
const runners = byId("prompt-runner");
let abort = null;

byId("prompt-form").addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
stop.addEventListener("click", () => abort?.abort());

/** The runners that can be asked, and whether any may be. */
export function showPlayground(store) {
  const on = store.figures.settings.playground;
  byId("playground").hidden = !on;
  byId("playground-off").hidden = on;
  const ids = store.of("runner").filter((runner) => runner.state === "up").map((runner) => runner.id);
  const now = [...runners.options].slice(1).map((option) => option.value);
  if (ids.join("\n") === now.join("\n")) return;
  const chosen = runners.value;
  while (runners.options.length > 1) runners.remove(1);
  for (const id of ids) create("option", "", runners).textContent = id;
  runners.value = ids.includes(chosen) ? chosen : "";
}

async function run() {
  abort = new AbortController();
  send.disabled = true;
  stop.disabled = false;
  box.replaceChildren();
  figures.replaceChildren();
  output.textContent = "";
  setText(state, "Sent");
  const begin = performance.now();
  const seen = { tokens: 0, firstMillis: null, runner: "", spans: [], promptTokens: 0 };
  try {
    const answer = await fetch("api/playground", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        prompt: byId("prompt-text").value,
        chat: byId("prompt-chat").checked,
        max_tokens: byId("prompt-tokens").valueAsNumber,
        temperature: byId("prompt-temperature").valueAsNumber,
        runner_id: runners.value,
      }),
      signal: abort.signal,
    });
    if (!answer.ok) throw new Error((await answer.json()).error);
    await read(answer.body, (name, data) => show(name, data, seen, begin));
  } catch (failure) {
    setText(state, failure.name === "AbortError" ? "Stopped" : `Failed: ${failure.message}`);
  } finally {
    send.disabled = false;
    stop.disabled = true;
  }
}

function show(name, data, seen, begin) {
  if (data.runner) seen.runner = data.runner;
  if (name === "progress") {
    seen.promptTokens = data.prompt_tokens;
    showBlocks(box, data.spans, data.prompt_tokens);
    const there = data.spans.reduce((sum, [, tokens]) => sum + tokens, 0);
    setText(state, `Prompt: ${count(there)} of ${count(data.prompt_tokens)} tokens are there`);
  } else if (name === "token") {
    if (data.tokens > 0 && seen.firstMillis === null) {
      seen.firstMillis = performance.now() - begin;
      setText(state, "Generating");
    }
    seen.tokens += data.tokens;
    output.append(data.text);
  } else if (name === "end") {
    showBlocks(box, data.spans, data.prompt_tokens);
    setText(state, data.finish_reason === "length" ? "Done: as many tokens as were asked for" : "Done");
    const cached = data.cached_local_tokens + data.cached_host_tokens + data.cached_cluster_tokens;
    pairs(figures, [
      ["Runner", seen.runner],
      ["Reused", `${count(cached)} of ${count(data.prompt_tokens)} prompt tokens (${share(cached, data.prompt_tokens)})`],
      ["First token", millis(seen.firstMillis)],
      ["In the runner", millis(data.ttft_millis)],
      ["Waiting for the tier", millis(data.fetch_millis)],
      ["Generated", `${count(data.completion_tokens)} tokens`],
    ]);
  } else if (name === "failed") {
    setText(state, `Failed: ${data.error}`);
  }
}

/** Reads server-sent events from a body. */
async function read(body, listener) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      if (field("data")) listener(field("event"), JSON.parse(field("data")));
    }
  }
}
