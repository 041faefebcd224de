// The dashboard in headless Chromium, for DashboardIT: node dashboard.mjs URL CHROMIUM SCREENSHOTS
// Where the cluster has to do something this prints "want WHAT" and reads a line once that is done. Prints "ok" for each check.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

const [url, executablePath, screenshots] = process.argv.slice(2);
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const VIEWS = ["overview", "requests", "prefixes", "cluster", "playground", "events"];
const LIMIT = 30_000;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has the cluster do something. */
async function want(what) {
  console.log(`want ${what}`);
  await lines.next();
}

const problems = [];
const browser = await chromium.launch({ executablePath, args: FLAGS });

async function open(view, { width = 1280, scheme = "light" } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: width > 500 ? 900 : 844 },
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT);
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`${view}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`${view}: ${error.stack}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) problems.push(`${view}: asks ${request.url()}`);
  });
  await page.goto(`${url}#${view}`);
  await page.locator("#connection[data-connection=live]").waitFor();
  await page.waitForFunction(() => globalThis.kvern.store.figures !== null);
  return page;
}

const api = async (path) => (await fetch(`${url}api/${path}`)).json();

/** Pixels of a chart that are near a colour of the style sheet. */
const pixels = (page, chart, colour) =>
  page.evaluate(
    ([id, name]) => {
      const canvas = document.querySelector(`#${id} canvas`);
      const probe = document.createElement("canvas").getContext("2d");
      probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
      probe.fillRect(0, 0, 1, 1);
      const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let near = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] > 200 && Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24) near++;
      }
      return near;
    },
    [chart, colour],
  );

async function check(name, body) {
  try {
    await body();
  } catch (failure) {
    throw new Error(`${name}: ${failure.stack}`);
  }
  console.log(`ok ${name}`);
}

try {
  await check("charts draw what the coordinator counted", async () => {
    const page = await open("overview");
    const history = await api("history");
    const requested = history.points.reduce((sum, point) => sum + point.requested, 0);
    assert.ok(requested > 0, "traffic before the page");
    await page.waitForFunction((least) => globalThis.kvern.store.tokens.total().requested >= least, requested);
    // The lowest bars of the stack are the pool's: their sum over time is what the coordinator counted.
    const drawn = await page.evaluate(() => {
      const { store, charts } = globalThis.kvern;
      const [times, whole] = charts["source-chart"].drawn;
      const width = times.length > 1 ? times[1] - times[0] : 1;
      return { tokens: whole.reduce((sum, rate) => sum + (rate ?? 0) * width, 0), counted: store.tokens.total().requested };
    });
    assert.ok(Math.abs(drawn.tokens - drawn.counted) <= 0.02 * drawn.counted + 1, JSON.stringify(drawn));
    for (const [chart, colour] of [["hit-chart", "local"], ["source-chart", "computed"], ["ttft-chart", "local"], ["throughput-chart", "used"]]) {
      assert.ok((await pixels(page, chart, colour)) > 20, `${chart} draws ${colour}`);
    }
    assert.match(await page.locator("#hit-rate").textContent(), /^[\d.]+ %$/);
    assert.match(await page.locator("#hit-rate-of").textContent(), /^[\d,]+ of [\d,]+ prompt tokens$/);
    assert.match(await page.locator("#saved").textContent(), /\d/);
    await page.screenshot({ path: `${screenshots}/overview-1280-light.png` });
    await page.context().close();
  });

  await check("what happens arrives without a reload", async () => {
    const page = await open("requests");
    const before = await page.locator("#request-log tbody tr").count();
    await want("request");
    await page.waitForFunction((count) => document.querySelectorAll("#request-log tbody tr").length > count, before);
    await page.context().close();
  });

  await check("a request's blocks add up to its prompt, by keyboard", async () => {
    const page = await open("requests");
    const first = page.locator("#request-log tbody tr button").first();
    await first.waitFor();
    for (let i = 0; i < 40 && !(await first.evaluate((button) => button === document.activeElement)); i++) {
      await page.keyboard.press("Tab");
    }
    assert.ok(await first.evaluate((button) => button === document.activeElement), "the request is reached by Tab");
    await page.keyboard.press("Enter");
    await page.locator("#detail .cell").first().waitFor();
    const id = await page.locator("#request-log tbody tr").first().getAttribute("data-request");
    const request = await api(`requests/${id}`);
    const sum = request.spans.reduce((total, [, tokens]) => total + tokens, 0);
    assert.equal(sum, request.prompt_tokens);
    assert.ok(request.prompt_tokens > 0);
    assert.equal(await page.locator("#detail .cell").count(), Math.ceil(request.prompt_tokens / 16));
    for (const source of ["local", "host", "cluster"]) {
      const tokens = request.spans.filter(([name]) => name === source).reduce((total, [, each]) => total + each, 0);
      assert.equal(tokens, request[`cached_${source}_tokens`]);
    }
    assert.ok(request.routes.length > 0 && request.routes.at(-1).candidates.length > 0, "candidates of the routing decision");
    await page.locator("#detail .candidates .chosen").first().waitFor();
    const report = await new AxeBuilder({ page }).include("#detail").analyze();
    assert.deepEqual(report.violations.map((violation) => violation.id), []);
    await page.screenshot({ path: `${screenshots}/detail-1280-light.png` });
    await page.keyboard.press("Escape");
    await page.locator("#detail").waitFor({ state: "hidden" });
    assert.ok(await first.evaluate((button) => button === document.activeElement), "focus is back");
    await page.context().close();
  });

  await check("prefixes stand in a tree with their text", async () => {
    const page = await open("prefixes");
    await page.locator("#prefix-tree tbody tr").first().waitFor();
    const { prefixes } = await api("prefixes");
    assert.ok(prefixes[0].requests > 1 && prefixes[0].reused_tokens > 0, JSON.stringify(prefixes[0]).slice(0, 300));
    assert.ok((await page.locator("#prefix-tree .prefix-text").first().textContent()).length > 5);
    const forked = page.locator('#prefix-tree button[aria-expanded="true"]:not([hidden])').first();
    const rows = await page.locator("#prefix-tree tbody tr").count();
    await forked.click();
    assert.ok((await page.locator("#prefix-tree tbody tr").count()) < rows, "a line closes");
    await page.context().close();
  });

  await check("the playground lights a prompt's blocks", async () => {
    const page = await open("playground");
    for (const source of ["computed", "local"]) {
      await page.locator("#prompt-tokens").fill("8");
      await page.locator("#prompt-send").click();
      await page.locator("#result-state", { hasText: "Done" }).waitFor();
      await page.locator(`#result-blocks .cell.${source}`).first().waitFor();
      assert.equal(await page.locator("#result-blocks .cell.pending").count(), 0);
      assert.ok((await page.locator("#result-text").textContent()).length > 0);
    }
    await page.screenshot({ path: `${screenshots}/playground-sent.png` });
    // A long prompt is seen to come about, and who stops it is not answered any more.
    const words = Array.from({ length: 2500 }, (_, i) => `Visitor ${(i * 7919) % 100_000} pays.`);
    await page.locator("#prompt-text").fill(words.join(" ").slice(0, 5_500));
    await page.locator("#prompt-send").click();
    await page.locator("#result-state", { hasText: "tokens are there" }).waitFor();
    assert.ok((await page.locator("#result-blocks .cell.pending").count()) > 0, "blocks to come");
    await page.locator("#prompt-stop").click();
    await page.locator("#result-state", { hasText: "Stopped" }).waitFor();
    await page.waitForFunction(() => globalThis.kvern.store.requests.some((request) => request.outcome === "cancelled"));
    await page.context().close();
  });

  for (const scheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      await check(`accessible in ${scheme} at ${width}, and no wider than the window`, async () => {
        for (const view of VIEWS) {
          const page = await open(view, { width, scheme });
          const report = await new AxeBuilder({ page }).analyze();
          const found = report.violations.map(({ id, nodes }) => `${view}: ${id}: ${nodes.map((node) => node.html).join(" ")}`);
          assert.deepEqual(found, []);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `${view} is ${wide} pixels wider than the window`);
          await page.screenshot({ path: `${screenshots}/${view}-${width}-${scheme}.png`, fullPage: true });
          await page.context().close();
        }
      });
    }
  }

  await check("the theme is chosen and remembered", async () => {
    const page = await open("overview");
    const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await back();
    await page.locator("#theme").click();
    await page.locator("#theme").click();
    assert.equal(await page.locator("#theme").textContent(), "Theme: dark");
    assert.notEqual(await back(), light);
    await page.reload();
    assert.notEqual(await back(), light);
    await page.context().close();
  });

  await check("a node that is lost turns red and is among the events", async () => {
    const page = await open("cluster");
    await want("kill");
    const lost = page.locator('#nodes tr[data-state="down"]');
    await lost.waitFor();
    assert.match(await lost.textContent(), /down/);
    const [red, green] = (await lost.locator(".state-label").evaluate((label) => getComputedStyle(label).color)).match(/\d+/g).map(Number);
    assert.ok(red > 2 * green, "red");
    await page.screenshot({ path: `${screenshots}/node-lost.png`, fullPage: true });
    assert.match(await page.locator("#announcement").textContent(), /is down/);
    assert.equal(await page.locator("#down-count").textContent(), "1 down");
    await page.locator('#views a[href="#events"]').click();
    await page.locator('#event-log tr[data-severity="error"]', { hasText: "down" }).first().waitFor();
    await page.context().close();
  });

  await check("no errors in the console, nothing asked of anyone else", async () => assert.deepEqual(problems, []));
} finally {
  await browser.close();
}
process.exit(0);
