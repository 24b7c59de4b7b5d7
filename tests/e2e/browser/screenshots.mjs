/** Renders the README's pictures from a running stack: BASE_URL, into docs/screenshots. */
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { answers, ask, complete, launch, open, PHONE, receipts, sourcePanel } from "./page.mjs";

const FOLDER = new URL("../../../docs/screenshots/", import.meta.url);
const QUESTION =
  process.env.QUESTION ??
  "What does the utility pay each month for keeping the Millbrook battery available, per kW?";
/** Asked before, so that the sidebar and the insights have something to show. */
const EARLIER = [
  "How fast does the price in the Harrow Ridge PPA go up?",
  "How far should I keep from a downed power line?",
  "How fast does the price in the Harrow Ridge PPA go up?",
  "What is the fixed monthly charge on the standard residential rate in 2025?",
];
const DESKTOP = { viewport: { width: 1280, height: 860 }, reducedMotion: "reduce" };
const WIDE = { viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" };

await mkdir(FOLDER, { recursive: true });
const browser = await launch();

async function save(page, name) {
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))),
  );
  await page.mouse.move(0, 0);
  const path = fileURLToPath(new URL(`${name}.png`, FOLDER));
  await page.screenshot({ path });
  process.stdout.write(`${path}\n`);
}

async function answered(options) {
  const { page } = await open(browser, options);
  await ask(page, QUESTION);
  await complete(page);
  await page.evaluate(() => document.activeElement?.blur());
  return page;
}

/** After some other questions, each in a conversation of its own. */
async function experienced(options) {
  const { page } = await open(browser, options);
  for (const question of EARLIER) {
    await ask(page, question);
    await complete(page);
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
  }
  await ask(page, QUESTION);
  await complete(page);
  await page.evaluate(() => document.activeElement?.blur());
  return page;
}

const page = await experienced(DESKTOP);
await save(page, "desktop");
await receipts(page).click();
await page.getByRole("dialog", { name: "Receipt of this answer" }).waitFor();
await save(page, "receipt");
await page.keyboard.press("Escape");
await page.getByRole("button", { name: "Good answer" }).click();
await page.emulateMedia({ colorScheme: "dark" });
await save(page, "dark");
await page.emulateMedia({ colorScheme: "light" });
await page.getByRole("link", { name: "Insights" }).click();
await page.locator(".recharts-surface").first().waitFor();
await save(page, "insights");

await page.getByRole("link", { name: "Documents" }).click();
// Uploaded when the stack had started; it cannot be read.
await page
  .getByText(/scan-of-a-fax/)
  .first()
  .waitFor({ timeout: 60_000 });
await page.getByText("Failed", { exact: true }).first().waitFor({ timeout: 60_000 });
await save(page, "documents");

const wide = await answered(WIDE);
await answers(wide)
  .getByRole("button", { name: /^Source 1: / })
  .first()
  .click();
await sourcePanel(wide).locator("mark").first().waitFor();
await save(wide, "source");

const phone = await answered({ ...PHONE, reducedMotion: "reduce" });
await phone.getByRole("region", { name: "Conversation" }).evaluate((thread) => {
  thread.scrollTop = 0;
});
await save(phone, "phone");
await browser.close();
