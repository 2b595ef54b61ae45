import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import t from 'tap';

import { startRadish, type RadishProcess } from '../e2e/radish-process.js';
import { converse, openTab, skip, startBrowser } from './tab.js';

/** Messages of a long conversation. */
const NUM_MESSAGES = 1000;
/** A frame of a screen is 17 ms; a slow machine may drop most of them, and a thread that is drawn anew all. */
const SLOWEST_MEDIAN_MS = 90;

let radish: RadishProcess;
let browser: Browser;

t.before(async () => {
  if (skip !== false) return;
  const adapter = join('test', 'fixtures', 'lora', 'tiny');
  [radish, browser] = await Promise.all([
    startRadish(['--lora-paths', `tiny-adapter=${adapter}`]),
    startBrowser(),
  ]);
});
t.teardown(async () => {
  if (skip !== false) return;
  await browser.close();
  await radish.stop();
});

interface Given {
  readonly role: string;
  readonly content: string;
}

/** Takes a conversation in, as one that was exported, and opens it. */
async function open(page: Page, title: string, given: readonly Given[]): Promise<void> {
  const all = given.map((one, i) => ({
    ...one,
    id: `m${i}`,
    parent: i === 0 ? null : `m${i - 1}`,
    finish: 'stop',
    at: i,
  }));
  const conversation = {
    id: title,
    title,
    messages: Object.fromEntries(all.map((one) => [one.id, one])),
    chosen: Object.fromEntries(all.map(({ id, parent }) => [parent ?? '', id])),
  };
  const file = { format: 'radish.conversations', version: 1, conversations: [conversation] };
  const buffer = Buffer.from(JSON.stringify(file));
  const picker = page.getByLabel('Conversations to import');
  await picker.setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer });
  await page.locator('.conversation', { hasText: title }).click();
}

t.test('a long conversation stays fluent while an answer comes', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, radish.url);
  const turns = Array.from({ length: NUM_MESSAGES }, (_, i) =>
    i % 2 === 0
      ? { role: 'user', content: `Question ${i}` }
      : {
          role: 'assistant',
          content: `**Answer** ${i}:\n\n- one\n- two\n\n\`\`\`js\nf(${i})\n\`\`\``,
        },
  );
  await open(page, 'Long', turns);
  await page.getByText(`Question ${NUM_MESSAGES - 2}`).waitFor();
  await page.route('**/v1/chat/completions', async (route) => {
    const body = route.request().postDataJSON() as { messages: object[] };
    const short = { messages: body.messages.slice(-1), ignore_eos: true, max_tokens: 1900 };
    await route.continue({ postData: JSON.stringify({ ...body, ...short }) });
  });
  await page.getByRole('textbox', { name: 'Message' }).fill('Tell me a story.');
  await page.keyboard.press('Enter');
  await page.locator('.cursor').waitFor();
  const median = await page.evaluate<number>(`new Promise((resolve) => {
    const frames = [];
    let last = performance.now();
    const draw = (now) => {
      frames.push(now - last);
      last = now;
      if (frames.length < 15) requestAnimationFrame(draw);
      else resolve(frames.sort((a, b) => a - b)[7]);
    };
    requestAnimationFrame(draw);
  })`);
  t.ok(median < SLOWEST_MEDIAN_MS, `a frame takes ${median} ms`);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  t.same(faults, []);
  await close();
});

t.test('tables have heads and columns, and each text its direction', { skip }, async (t) => {
  const { page, close } = await openTab(browser, radish.url);
  const content = '| a | b |\n|:-:|--:|\n| 1 | 2 |\n\n3. third\n\nשלום עולם\n\nplain';
  await open(page, 'Texts', [
    { role: 'user', content: 'שלום' },
    { role: 'assistant', content },
  ]);
  await page.getByText('plain', { exact: true }).waitFor();
  const styles = await page.evaluate<
    string[]
  >(`[...document.querySelectorAll('.markdown :is(th, td, p)')]
    .map((one) => getComputedStyle(one)).map((one) => one.textAlign + ' ' + one.fontWeight)`);
  t.equal(await page.locator('.markdown ol').getAttribute('start'), '3');
  t.same(styles.slice(0, 4), ['center 600', 'end 600', 'center 400', 'end 400']);
  const start = (text: string) =>
    page.evaluate<number>(`(() => {
      const box = [...document.querySelectorAll('.markdown p')].find((one) => one.textContent === '${text}');
      const range = document.createRange();
      range.selectNodeContents(box);
      return range.getBoundingClientRect().left - box.getBoundingClientRect().left;
    })()`);
  t.equal(await start('plain'), 0);
  t.ok((await start('שלום עולם')) > 100, 'from right to left');
  await close();
});

t.test('an adapter is chosen in the drawer, and asked', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, radish.url);
  const asked: { model: string }[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/v1/chat/completions')) asked.push(request.postDataJSON() as never);
  });
  await page.getByRole('button', { name: 'System prompt and sampling' }).click();
  await page.getByLabel('Adapter').selectOption('tiny-adapter');
  await page.keyboard.press('Escape');
  await converse(page, 'What is the capital of France?');
  t.equal(await page.locator('.fault').count(), 0);
  await page.getByRole('button', { name: 'System prompt and sampling' }).click();
  await page.getByLabel('Adapter').selectOption('');
  await page.keyboard.press('Escape');
  await converse(page, 'What is the capital of Italy?');
  t.same(
    asked.map(({ model }) => model),
    ['radish-tiny:tiny-adapter', 'radish-tiny'],
  );
  t.same(faults, []);
  await close();
});
