/**
 * What a long answer costs the page: 10,000 tokens streamed in 250 frames into an empty conversation
 * and below 500 messages, in headless Chromium, with the built page and a scripted server. Processor
 * time is the main thread's own (Chromium's thread clock), so that a busy machine does not count;
 * frames a second are what the screen would have shown, and do depend on the machine.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { launch } from "../tests/e2e/browser/page.mjs";

const DIST = new URL("../chat-ui/dist/", import.meta.url);
const ORIGIN = "http://page.test";
const FRAMES = 250;
const FRAME_MS = 50;
/** About four characters a token. */
const CHARACTERS = 40_000;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

const PARTS = [
  "The contract price rises by **1.5 percent** a year from $31.40 per MWh [1]. Curtailment beyond 5,000 MWh is paid at that price [2].\n\n",
  "- Capacity: 120 MW, with *seasonal* limits [1]\n- Term: fifteen years [2]\n- Index: none\n\n",
  "### What is paid\n\n",
  "| Year | Price |\n|---|---|\n| 2025 | $31.40 [1] |\n| 2026 | $31.87 [1] |\n| 2027 | $32.35 [1] |\n\n",
];
const textOf = (length) =>
  Array.from({ length: Math.ceil(length / 80) }, (_, n) => PARTS[n % PARTS.length])
    .join("")
    .slice(0, length);
const SOURCES = ["1", "2"].map((id) => ({
  id,
  title: `Document ${id}`,
  snippet: "What it says.",
  score: 0.5,
  document: `${id}.md`,
  chunk_id: id,
}));

function endOf(answer_id, text, last_seq) {
  const sha256 = createHash("sha256").update(text).digest("hex");
  const end = { type: "end", answer_id, epoch: 1, last_seq, state: "done", finish_reason: "stop" };
  return { ...end, sha256, citations: [], flags: [] };
}

/** A stored conversation of `count` turns, as the HTTP API gives it. */
function conversation(count) {
  const turns = Array.from({ length: count }, (_, n) => {
    const text = textOf(700);
    const parent = n === 0 ? "root" : `a${n - 1}`;
    const turn = { answer_id: `a${n}`, parent, question: `Question ${n}`, asked_at: n };
    return {
      ...turn,
      state: "done",
      text,
      sources: SOURCES,
      end: endOf(`a${n}`, text, 2),
      feedback: null,
    };
  });
  const about = { conversation_id: "c1", title: "", created_at: 0, updated_at: 0, pinned: false };
  return { ...about, active_answer: null, leaf: `a${count - 1}`, turns };
}

async function serve(page, turns) {
  await page.route("**/*", async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/config.json") return route.fulfill({ json: { websocketUrl: "/ws" } });
    if (pathname === "/api/conversations/c1") return route.fulfill({ json: conversation(turns) });
    if (pathname.startsWith("/api/"))
      return route.fulfill({ json: { items: [], next_cursor: null } });
    const file = new URL(`.${extname(pathname) ? pathname : "/index.html"}`, DIST);
    if (!existsSync(file)) return route.fulfill({ status: 404 });
    return route.fulfill({
      body: await readFile(file),
      contentType: TYPES[extname(file.pathname)],
    });
  });
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const send = (event) => socket.send(JSON.stringify(event));
    socket.onMessage((frame) => {
      const message = JSON.parse(frame);
      if (message.action === "hello") {
        const limits = { questions_per_minute: 20 };
        send({ type: "welcome", limits, server_time: 0, heartbeat_s: 300, user: "bench" });
      } else if (message.action === "message") void stream(message.client_msg_id, send);
    });
  });
}

async function stream(client_msg_id, send) {
  const text = textOf(CHARACTERS);
  const step = Math.ceil(text.length / FRAMES);
  const about = { answer_id: "new", epoch: 1 };
  send({ type: "accepted", client_msg_id, answer_id: "new", conversation_id: "c1" });
  send({ type: "start", ...about, cache: "miss" });
  send({ type: "sources", ...about, seq: 1, items: SOURCES });
  let seq = 1;
  for (let at = 0; at < text.length; at += step) {
    seq += 1;
    send({ type: "delta", ...about, seq, text: text.slice(at, at + step) });
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
  }
  send(endOf("new", text, seq));
}

/** Milliseconds of the main thread's processor time since the page was opened. */
async function processorTime(client) {
  const { metrics } = await client.send("Performance.getMetrics");
  return 1_000 * metrics.find(({ name }) => name === "TaskDuration").value;
}

async function measure(browser, turns) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await serve(page, turns);
  await page.goto(`${ORIGIN}${turns === 0 ? "/" : "/c/c1"}`);
  if (turns > 0) await page.getByRole("article", { name: "Answer" }).last().waitFor();
  await page.waitForTimeout(2_000);
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.evaluate(() => {
    window.gaps = [];
    let last = performance.now();
    const tick = (now) => {
      window.gaps.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const before = await processorTime(client);
  await page.getByRole("textbox", { name: "Your question" }).fill("Go on");
  await page.keyboard.press("Enter");
  await page.locator("[aria-busy=true]").waitFor();
  await page.locator("[aria-busy=true]").waitFor({ state: "detached", timeout: 120_000 });
  const spent = (await processorTime(client)) - before;
  const gaps = (await page.evaluate(() => window.gaps)).sort((a, b) => a - b);
  await page.close();
  const at = (share) => gaps[Math.floor(gaps.length * share)].toFixed(0);
  const shown = gaps.length / (gaps.reduce((sum, gap) => sum + gap, 0) / 1_000);
  return [2 * turns, (spent / FRAMES).toFixed(1), shown.toFixed(0), at(0.5), at(0.95), at(0.99)];
}

if (!existsSync(DIST)) throw new Error("Build the page first: cd chat-ui && npm run build");
const browser = await launch();
const rows = [];
for (const turns of [0, 250]) rows.push(await measure(browser, turns));
await browser.close();
const head = ["messages above", "ms of processor a frame", "frames/s", "gap p50 ms", "p95", "p99"];
process.stdout.write(
  `${[head, head.map(() => "---"), ...rows].map((r) => `| ${r.join(" | ")} |`).join("\n")}\n`,
);
