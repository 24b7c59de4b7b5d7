/** Whatever happens to the page or its connection, the answer ends up whole, once. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  answers,
  ask,
  askAndRead,
  BASE_URL,
  complete,
  conversationList,
  launch,
  midAnswer,
  open,
  questionBox,
  receipts,
  SLOWLY,
  textOf,
} from "./page.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test("a reload mid-answer resumes it, and keeps the draft of the next question", async () => {
  const { page } = await open(browser);
  await ask(page, `Which round-trip efficiency is Millbrook's owner bound to? ${SLOWLY}`);
  await questionBox(page).fill("and how often is it tested");
  await midAnswer(page);
  await page.reload();
  await complete(page);
  assert.equal(await questionBox(page).inputValue(), "and how often is it tested");
  assert.equal(await answers(page).count(), 1);
});

test("a socket cut mid-answer costs nothing", async () => {
  const { page, cut } = await open(browser);
  await ask(page, `How cold does gas have to be to turn into LNG? ${SLOWLY}`);
  await midAnswer(page);
  await cut();
  await complete(page);
  assert.equal(await page.locator(".notice").count(), 0);
});

test("a second tab opened mid-answer shows the same answer to its end", async () => {
  const { context, page } = await open(browser);
  await ask(page, `In what range of concentrations does hydrogen burn in air? ${SLOWLY}`);
  await midAnswer(page);
  const second = await context.newPage();
  await second.goto(page.url());
  await complete(second);
  await complete(page);
  assert.equal(await textOf(second), await textOf(page));
  assert.equal(await answers(second).count(), 1);

  await ask(second, "What is the highest price a generator may offer in the Tessaly market?");
  await receipts(second).nth(1).waitFor();
  await answers(page).nth(1).waitFor();
});

test("an answer goes on while another conversation is open", async () => {
  const { page } = await open(browser);
  await ask(
    page,
    `What happens in the Sunmere contract when the market price drops below zero? ${SLOWLY}`,
  );
  await midAnswer(page);
  await page.getByRole("button", { name: "New conversation" }).click();
  await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
  await conversationList(page).getByText(", being answered").waitFor({ state: "attached" });
  await conversationList(page).getByText(", being answered").waitFor({ state: "detached" });
  await conversationList(page)
    .getByRole("link", { name: /Sunmere/ })
    .click();
  await complete(page);
});

test("without the server the history of this browser can still be read", async () => {
  const { page, isolate } = await open(browser);
  await askAndRead(page, "Who pays for curtailment at Harrow Ridge?");
  const text = await textOf(page);
  await isolate();
  await page.getByText(/Connection lost|Connecting/).waitFor();
  await page.goto(BASE_URL);
  await page.getByText("The server did not answer. This is what this browser has kept.").waitFor();
  await conversationList(page)
    .getByRole("link", { name: /curtailment/ })
    .click();
  await answers(page).waitFor();
  assert.equal(await textOf(page), text);
  await page.reload();
  await answers(page).waitFor();
  assert.equal(await textOf(page), text);
  await questionBox(page).fill("And when the server is back?");
  await page.getByText("Your question will be sent once the connection is back.").waitFor();
});

test("where nothing can be stored the page says so, and answers", async () => {
  const { page, complaints } = await open(browser, {
    prepare: (page) =>
      page.addInitScript(() => {
        const refuse = () => {
          throw new DOMException("The operation is insecure.", "SecurityError");
        };
        for (const name of ["localStorage", "sessionStorage", "indexedDB"]) {
          Object.defineProperty(window, name, { get: refuse });
        }
      }),
  });
  await askAndRead(page, "What is the LG-3 demand charge in 2025?");
  await page.getByText("This browser does not let the page keep anything.").waitFor();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await ask(page, "How large is the fuel adjustment this year, in 2025?");
  await receipts(page).nth(1).waitFor();
  assert.deepEqual(complaints, []);
});
