/** axe-core finds nothing serious or critical, in light and in dark. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import {
  answers,
  ask,
  askAndRead,
  launch,
  midAnswer,
  open,
  PHONE,
  questionBox,
  receipts,
  SLOWLY,
  sourcePanel,
} from "./page.mjs";

const fromChatUi = createRequire(new URL("../../../chat-ui/package.json", import.meta.url));
const axe = await readFile(fromChatUi.resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const WIDE = { viewport: { width: 1440, height: 900 } };

/** Fails with what axe calls serious or critical in the page as it is now. */
async function assertAccessible(page, state) {
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))),
  );
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ["violations"] }),
  );
  const grave = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) =>
        `${state}: ${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join("\n")}`,
    );
  assert.deepEqual(grave, []);
}

const QUESTIONS = {
  light: [
    "What are the P50 and the P90 yield of Harrow Ridge?",
    "When does the Sunmere virtual PPA run out?",
  ],
  dark: ["What is the P90 yield of Harrow Ridge?", "How quickly do silicon panels wear out?"],
};

for (const [colorScheme, [first, second]] of Object.entries(QUESTIONS)) {
  const look = { ...WIDE, colorScheme, reducedMotion: "reduce" };

  test(`the chat, ${colorScheme}`, async () => {
    const { page, complaints } = await open(browser, look);
    await page
      .getByRole("list", { name: "Questions to start with" })
      .getByRole("button")
      .first()
      .waitFor();
    await assertAccessible(page, "empty");
    await ask(page, `${first} ${SLOWLY}`);
    await midAnswer(page);
    await receipts(page).waitFor();
    await assertAccessible(page, "answered");
    await receipts(page).click();
    await page.getByRole("dialog", { name: "Receipt of this answer" }).waitFor();
    await assertAccessible(page, "receipt");
    await page.keyboard.press("Escape");
    await answers(page)
      .getByRole("button", { name: /^Source 1: / })
      .first()
      .click();
    await sourcePanel(page).locator("mark").first().waitFor();
    await assertAccessible(page, "source panel");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Bad answer" }).click();
    await page.getByRole("dialog", { name: "What was wrong with the answer?" }).waitFor();
    await assertAccessible(page, "feedback");
    await page.keyboard.press("Escape");
    for (const [opener, dialog] of [
      ["Settings", "Settings"],
      ["Keyboard shortcuts", "Keyboard shortcuts"],
    ]) {
      await page.getByRole("button", { name: opener }).click();
      await page.getByRole("dialog", { name: dialog }).waitFor();
      await assertAccessible(page, dialog);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog", { name: dialog }).waitFor({ state: "detached" });
    }
    // Nothing of it is against the content security policy.
    assert.deepEqual(complaints, []);
  });

  test(`insights and documents, ${colorScheme}`, async () => {
    const { page, complaints } = await open(browser, look);
    await askAndRead(page, second);
    await page.getByRole("link", { name: "Insights" }).click();
    await page.locator(".recharts-surface").first().waitFor();
    await assertAccessible(page, "insights");
    await page.getByRole("button", { name: "Show as a table" }).first().click();
    await assertAccessible(page, "a chart as a table");
    await page.getByRole("link", { name: "Documents", exact: true }).click();
    const document = page.getByRole("main").getByRole("list").getByRole("link").first();
    await document.waitFor();
    await assertAccessible(page, "documents");
    await document.click();
    await page.getByRole("article", { name: "Passage 1", exact: true }).waitFor();
    await assertAccessible(page, "document");
    assert.deepEqual(complaints, []);
  });

  test(`a phone with its menu open, ${colorScheme}`, async () => {
    const { page, complaints } = await open(browser, {
      ...PHONE,
      colorScheme,
      reducedMotion: "reduce",
    });
    await questionBox(page).waitFor();
    await page.getByRole("button", { name: "Show the sidebar" }).tap();
    await page.getByRole("dialog", { name: "Menu" }).waitFor();
    await assertAccessible(page, "menu");
    assert.deepEqual(complaints, []);
  });
}
