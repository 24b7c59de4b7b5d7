/** Renders the README's pictures from a running stack: BASE_URL, into docs/screenshots. */
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ask, launch, open, questionBox, receipts } from "./page.mjs";

const FOLDER = new URL("../../../docs/screenshots/", import.meta.url);
const QUESTION =
  process.env.QUESTION ??
  "What does the utility pay each month for keeping the Millbrook battery available, per kW?";
const PICTURES = [
  { name: "desktop", options: { viewport: { width: 1200, height: 820 } } },
  { name: "dark", options: { viewport: { width: 1200, height: 820 }, colorScheme: "dark" } },
  {
    name: "phone",
    options: {
      viewport: { width: 390, height: 844 },
      deviceScaleFactor: 2,
      isMobile: true,
      hasTouch: true,
    },
  },
];

await mkdir(FOLDER, { recursive: true });
const browser = await launch();
for (const { name, options } of PICTURES) {
  const { page } = await open(browser, options);
  await ask(page, QUESTION);
  await receipts(page).waitFor();
  await questionBox(page).blur();
  await page.waitForTimeout(600);
  const path = fileURLToPath(new URL(`${name}.png`, FOLDER));
  await page.screenshot({ path });
  process.stdout.write(`${path}\n`);
}
await browser.close();
