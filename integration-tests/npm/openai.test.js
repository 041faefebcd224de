// Drives a running Kvern with OpenAI's client as it is. OpenAiNodeIT starts the cluster and says where it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import OpenAI from 'openai';

const { KVERN_URL: url, KVERN_KEY: key, KVERN_RUNNER_PID: runnerPid } = process.env;
const MODEL = 'kvern-demo';
const ENDLESS = 4000;
const LIMIT_MILLIS = 60_000;

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });

/** Waits until the coordinator's heartbeats say that its runner serves so many requests, and that so many wait. */
async function awaitLoad(running, queued) {
  const deadline = Date.now() + LIMIT_MILLIS;
  let seen;
  do {
    const text = await (await fetch(`${url}/metrics`)).text();
    const gauge = name => Number(text.match(new RegExp(`^kvern_runner_${name}_requests\\{[^}]*\\} (.*)$`, 'm'))?.[1]);
    seen = [gauge('running'), gauge('queued')];
    if (seen[0] === running && seen[1] === queued) {
      return;
    }
    await pause(50);
  } while (Date.now() < deadline);
  assert.fail(`running and queued requests: ${seen} (expected: ${[running, queued]})`);
}

async function all(stream) {
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
  }
  return chunks;
}

const greedy = { model: MODEL, temperature: 0 };
const question = { ...greedy, messages: [{ role: 'user', content: 'When was the red gate built?' }], max_tokens: 12 };
const walk = { ...greedy, prompt: 'The lantern walk begins in the', max_tokens: 12 };

test('models are listed and found', async () => {
  const models = await all(await client.models.list());
  assert.deepEqual(models.map(model => model.id), [MODEL]);
  const model = await client.models.retrieve(MODEL);
  assert.deepEqual([model.object, model.owned_by], ['model', 'kvern']);
  assert.ok(Math.abs(Date.now() / 1000 - model.created) < 3600);
});

test('a chat is answered whole', async () => {
  const { data, response } = await client.chat.completions.create(question).withResponse();
  assert.equal(data.object, 'chat.completion');
  assert.equal(data.model, MODEL);
  assert.equal(data.choices.length, 1);
  const [choice] = data.choices;
  assert.equal(choice.message.role, 'assistant');
  assert.equal(choice.message.refusal, null);
  assert.equal(choice.logprobs, null);
  assert.ok(choice.message.content.length > 0);
  assert.ok(['stop', 'length'].includes(choice.finish_reason));
  assert.equal(data.usage.total_tokens, data.usage.prompt_tokens + data.usage.completion_tokens);
  assert.equal(typeof data.usage.prompt_tokens_details.cached_tokens, 'number');
  assert.equal(data._request_id, response.headers.get('x-request-id'));
  assert.equal(data.id, `chatcmpl-${data._request_id}`);
});

test('a stream says the same, with usage at its end and null before', async () => {
  const whole = await client.chat.completions.create(question);
  const chunks = await all(
    await client.chat.completions.create({ ...question, stream: true, stream_options: { include_usage: true } }));
  const last = chunks.pop();
  assert.deepEqual(last.choices, []);
  assert.equal(last.usage.completion_tokens, whole.usage.completion_tokens);
  assert.ok(chunks.every(chunk => chunk.usage === null && chunk.id === last.id && chunk.choices.length === 1));
  assert.equal(chunks[0].choices[0].delta.role, 'assistant');
  assert.equal(
    chunks.map(chunk => chunk.choices[0].delta.content ?? '').join(''), whole.choices[0].message.content);
  assert.deepEqual(chunks.map(chunk => chunk.choices[0].finish_reason).filter(reason => reason),
    [whole.choices[0].finish_reason]);
});

test('a stream without usage has none', async () => {
  const chunks = await all(await client.chat.completions.create({ ...question, stream: true }));
  assert.ok(chunks.every(chunk => !('usage' in chunk) && chunk.choices.length === 1));
});

test('the client\'s own stream helper puts it together', async () => {
  const whole = await client.chat.completions.create(question);
  const runner = client.chat.completions.stream({ ...question, stream_options: { include_usage: true } });
  const final = await runner.finalChatCompletion();
  assert.equal(final.choices[0].message.content, whole.choices[0].message.content);
  assert.equal(final.usage.total_tokens, whole.usage.total_tokens);
});

test('completions are answered whole and streamed', async () => {
  const whole = await client.completions.create(walk);
  assert.equal(whole.object, 'text_completion');
  assert.equal(whole.choices[0].finish_reason, 'length');
  assert.equal(whole.usage.completion_tokens, 12);
  const chunks = await all(await client.completions.create({ ...walk, stream: true }));
  assert.equal(chunks.map(chunk => chunk.choices[0].text).join(''), whole.choices[0].text);
});

test('log probabilities come with both kinds', async () => {
  const chat = await client.chat.completions.create({ ...question, max_tokens: 3, logprobs: true, top_logprobs: 2 });
  const tokens = chat.choices[0].logprobs.content;
  assert.equal(tokens.length, chat.usage.completion_tokens);
  for (const token of tokens) {
    assert.equal(token.top_logprobs.length, 2);
    // Greedy: the chosen one is the most probable one.
    assert.equal(token.top_logprobs[0].token, token.token);
    assert.ok(token.logprob <= 0);
    assert.equal(Buffer.from(token.bytes).toString(), token.token);
  }
  const completion = await client.completions.create({ ...walk, logprobs: 2 });
  const { logprobs, text } = completion.choices[0];
  assert.equal(logprobs.tokens.join(''), text);
  assert.equal(logprobs.text_offset[1], logprobs.tokens[0].length);
  const streamed = await all(await client.completions.create({ ...walk, logprobs: 2, stream: true }));
  const parts = streamed.map(chunk => chunk.choices[0].logprobs).filter(part => part);
  for (const field of ['tokens', 'token_logprobs', 'top_logprobs', 'text_offset']) {
    assert.deepEqual(parts.flatMap(part => part[field]), logprobs[field], field);
  }
});

test('equal seeds give equal answers, and each choice has its own', async () => {
  const sampled = { ...walk, temperature: 1, seed: 11, n: 3 };
  const texts = async request => (await client.completions.create(request)).choices.map(choice => choice.text);
  const first = await texts(sampled);
  assert.equal(new Set(first).size, 3);
  assert.deepEqual(await texts(sampled), first);
  // The second choice's seed is the next one.
  assert.deepEqual(await texts({ ...sampled, seed: 12, n: 1 }), [first[1]]);
  const chunks = await all(await client.completions.create({ ...sampled, stream: true }));
  const streamed = ['', '', ''];
  chunks.forEach(chunk => { streamed[chunk.choices[0].index] += chunk.choices[0].text; });
  assert.deepEqual(streamed, first);
});

test('a stop text ends the answer before it', async () => {
  const { choices: [{ text: full }] } = await client.completions.create(walk);
  const stop = full.slice(4, 7);
  const stopped = await client.completions.create({ ...walk, stop: [stop] });
  assert.equal(stopped.choices[0].text, full.slice(0, full.indexOf(stop)));
  assert.equal(stopped.choices[0].finish_reason, 'stop');
});

test('max_completion_tokens is max_tokens', async () => {
  const answer = await client.chat.completions.create({ ...question, max_tokens: undefined, max_completion_tokens: 2 });
  assert.equal(answer.usage.completion_tokens, 2);
});

test('what was computed once is cached', async () => {
  const messages = [{ role: 'system', content: `Report ${'of the red gate and its keeper '.repeat(20)}` },
    { role: 'user', content: 'Well?' }];
  const ask = () => client.chat.completions.create({ ...greedy, messages, max_tokens: 1, prompt_cache_key: 'report' });
  const first = await ask();
  assert.equal(first.usage.prompt_tokens_details.cached_tokens, 0);
  const second = await ask();
  assert.ok(second.usage.prompt_tokens_details.cached_tokens >= 64, JSON.stringify(second.usage));
  assert.equal(second.choices[0].message.content, first.choices[0].message.content);
  const choices = await client.chat.completions.create({ ...greedy, messages, max_tokens: 1, n: 2 });
  assert.equal(choices.usage.prompt_tokens, second.usage.prompt_tokens);
  assert.equal(choices.usage.completion_tokens, 2);
  // Another tenant finds nothing of it.
  const salted = await client.chat.completions.create({ ...greedy, messages, max_tokens: 1, cache_salt: 'other' });
  assert.equal(salted.usage.prompt_tokens_details.cached_tokens, 0);
});

test('errors are the client\'s own kinds', async () => {
  const other = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-wrong', maxRetries: 0 });
  await assert.rejects(other.chat.completions.create(question), error =>
    error instanceof OpenAI.AuthenticationError && error.code === 'invalid_api_key');
  await assert.rejects(client.chat.completions.create({ ...question, model: 'gpt-9' }), error =>
    error instanceof OpenAI.NotFoundError && error.code === 'model_not_found' && error.param === 'model'
      && /gpt-9/.test(error.message) && error.requestID.length > 0);
  await assert.rejects(client.models.retrieve('gpt-9'), error => error instanceof OpenAI.NotFoundError);
  await assert.rejects(client.chat.completions.create({ ...question, response_format: { type: 'json_object' } }), error =>
    error instanceof OpenAI.BadRequestError && error.param === 'response_format');
  await assert.rejects(client.chat.completions.create({ ...question, temperature: -1, stream: true }), error =>
    error instanceof OpenAI.BadRequestError && error.param === 'temperature' && /-1 \(expected/.test(error.message));
  await assert.rejects(client.completions.create({ ...walk, max_tokens: 100_000 }), error =>
    error instanceof OpenAI.BadRequestError && error.code === 'context_length_exceeded');
});

test('a stream that is aborted ends at the runner', async () => {
  const stream = await client.completions.create({ ...walk, max_tokens: ENDLESS, ignore_eos: true, stream: true });
  await stream[Symbol.asyncIterator]().next();
  await awaitLoad(1, 0);
  stream.controller.abort();
  await awaitLoad(0, 0);
});

test('a call that is aborted ends at the runner', async () => {
  const controller = new AbortController();
  const call = client.completions.create(
    { ...walk, max_tokens: ENDLESS, ignore_eos: true }, { signal: controller.signal });
  const aborted = assert.rejects(call, OpenAI.APIUserAbortError);
  await awaitLoad(1, 0);
  controller.abort();
  await aborted;
  await awaitLoad(0, 0);
});

test('a full queue is refused, and the client comes back when it is told to', async () => {
  const controller = new AbortController();
  const endless = { ...walk, max_tokens: ENDLESS, ignore_eos: true };
  // Two are served and two wait.
  const calls = [];
  for (let i = 1; i <= 4; i++) {
    calls.push(assert.rejects(client.completions.create(endless, { signal: controller.signal }), OpenAI.APIUserAbortError));
    await awaitLoad(Math.min(i, 2), Math.max(i - 2, 0));
  }
  let refusal;
  await assert.rejects(client.completions.create(walk), error => {
    refusal = error;
    return error instanceof OpenAI.RateLimitError;
  });
  assert.ok(Number(refusal.headers.get('retry-after')) >= 1);
  assert.ok(Number(refusal.headers.get('retry-after-ms')) > 0);
  const patient = client.completions.create(walk, { maxRetries: 50 });
  controller.abort();
  await Promise.all(calls);
  assert.equal((await patient).usage.completion_tokens, 12);
});

test('a stream whose runner is lost ends with an error', { skip: !runnerPid && 'no runner to kill' }, async () => {
  const stream = await client.completions.create({ ...walk, max_tokens: ENDLESS, ignore_eos: true, stream: true });
  let seen = 0;
  await assert.rejects(async () => {
    for await (const chunk of stream) {
      assert.equal(chunk.choices[0].index, 0);
      if (++seen === 2) {
        process.kill(Number(runnerPid), 'SIGKILL');
      }
    }
  }, error => error instanceof OpenAI.APIError && error.code === 'unavailable' && /was lost while it answered/.test(error.message));
  assert.ok(seen >= 2);
});
