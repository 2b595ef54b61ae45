/** What a reader's hand and eye rely on: the box in sight, the focus kept, nothing lost by a slip. */
import type { Browser, Page } from 'playwright-core';
import t from 'tap';

import { startRadish, type RadishProcess } from '../e2e/radish-process.js';
import { converse, openTab, SIZES, skip, startBrowser, until } from './tab.js';

let radish: RadishProcess;
let browser: Browser;

t.before(async () => {
  if (skip !== false) return;
  [radish, browser] = await Promise.all([startRadish(), startBrowser()]);
});
t.teardown(async () => {
  if (skip !== false) return;
  await browser.close();
  await radish.stop();
});

/** A phone held sideways, one at 200 %, and a desk's window at 400 %. */
const NARROW = [
  { width: 780, height: 390 },
  { width: 320, height: 600 },
  { width: 360, height: 225 },
] as const;

const box = (page: Page) => page.getByRole('textbox', { name: 'Message' });

async function focused(page: Page): Promise<string> {
  return page.evaluate<string>(
    'document.activeElement.ariaLabel ?? document.activeElement.textContent',
  );
}

/** Lets go of files over a part of the page. @returns true where the page has taken them from the browser */
function drop(page: Page, place: string, files: string): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const dataTransfer = new DataTransfer();
    for (const [name, ...bytes] of ${files}) dataTransfer.items.add(new File([Uint8Array.from(bytes)], name));
    const given = { dataTransfer, bubbles: true, cancelable: true };
    const place = document.querySelector('${place}');
    place.dispatchEvent(new DragEvent('dragover', given));
    return !place.dispatchEvent(new DragEvent('drop', given));
  })()`);
}

t.test(
  'however long the conversation, its box stays in sight, and its end',
  { skip },
  async (t) => {
    for (const viewport of [...SIZES, ...NARROW]) {
      const { page, close } = await openTab(browser, radish.url, { viewport });
      for (let turn = 0; turn < 5; turn++) await converse(page, 'Tell me a story.');
      const name = `${viewport.width} x ${viewport.height}`;
      const at = await page.locator('.composer').boundingBox();
      t.ok(at !== null && at.y >= 0 && at.y + at.height <= viewport.height, name);
      const rest =
        "(box => box.scrollHeight - box.scrollTop - box.clientHeight)(document.querySelector('.thread'))";
      t.ok((await page.evaluate<number>(rest)) < 2, `${name}: the end is shown`);
      t.ok((await page.evaluate<number>("document.querySelector('.thread').scrollTop")) > 0);
      // As when a touch screen's keys come up.
      await page.setViewportSize({ ...viewport, height: viewport.height - 20 });
      await until(page, `${rest} < 2`);
      await page.evaluate("[...document.querySelectorAll('.why')].at(-1).open = true");
      await until(page, `${rest} < 2`);
      await close();
    }
  },
);

t.test('what is written stays while another view is looked at', { skip }, async (t) => {
  const { page, close } = await openTab(browser, radish.url);
  await box(page).fill('Half a sentence');
  await page.keyboard.press('Alt+3');
  await page.getByRole('heading', { name: 'Engine' }).waitFor();
  await page.keyboard.press('Alt+1');
  t.equal(await box(page).inputValue(), 'Half a sentence');
  await box(page).fill('');
  await converse(page, 'What is the capital of France?');
  await box(page).fill('And of Spain');
  await page.getByRole('button', { name: 'New conversation' }).click();
  t.equal(await box(page).inputValue(), '', 'of each conversation its own');
  await page.getByRole('button', { name: 'What is the capital of France?', exact: true }).click();
  t.equal(await box(page).inputValue(), 'And of Spain');
  await close();
});

t.test('what goes takes no focus with it', { skip }, async (t) => {
  const { page, close } = await openTab(browser, radish.url);
  await page.getByRole('button', { name: 'Keys' }).click();
  await page.getByRole('button', { name: 'Use' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  t.equal(await focused(page), 'Keys', 'of a dialog that was sent');
  await converse(page, 'What is the capital of France?');
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.keyboard.press('Escape');
  t.equal(await focused(page), 'Edit', 'of an editor that was left');
  await page.getByRole('button', { name: 'Answer again' }).click();
  await page.getByText('2 of 2').waitFor();
  t.equal(await focused(page), 'Message', 'of an answer that was made again');
  await page.locator('.stats').waitFor();
  await page.getByRole('button', { name: 'Answer again' }).click();
  await page.getByText('3 of 3').waitFor();
  await page.locator('.stats').waitFor();
  const back = page.getByRole('button', { name: 'The branch before' });
  await back.focus();
  await page.keyboard.press('Enter');
  await page.getByText('2 of 3').waitFor();
  await until(page, "document.activeElement.ariaLabel === 'The branch before'");
  await page.keyboard.press('Enter');
  await page.getByText('1 of 3').waitFor();
  await until(page, "document.activeElement.ariaLabel === 'The next branch'");
  await page.getByRole('button', { name: 'Delete, with all below' }).last().click();
  t.equal(await focused(page), 'Message', 'of a message that was deleted');
  await close();
});

t.test('a double click sends, and Escape stops from anywhere', { skip }, async (t) => {
  const { page, close } = await openTab(browser, radish.url);
  await page.route('**/v1/chat/completions', async (route) => {
    const body = { ...(route.request().postDataJSON() as object), ignore_eos: true };
    await route.continue({ postData: JSON.stringify({ ...body, max_tokens: 1900 }) });
  });
  await box(page).fill('Tell me a story.');
  await page.getByRole('button', { name: 'Send' }).dblclick();
  await page.locator('.message.assistant .markdown p').first().waitFor();
  t.equal(await page.getByText('Stopped.').count(), 0);
  t.equal(await focused(page), 'Message');
  await page.getByRole('button', { name: 'Copy', exact: true }).first().focus();
  await page.keyboard.press('Escape');
  await page.locator('.messages').getByText('Stopped.').waitFor();
  await close();
});

t.test('settings that cannot be sent are told of beside the box', { skip }, async (t) => {
  const { page, close } = await openTab(browser, radish.url);
  await page.getByRole('button', { name: 'System prompt and sampling' }).click();
  await page.getByLabel('Temperature').fill('0,7');
  await page.keyboard.press('Escape');
  await page.getByText('Temperature must be a number.').waitFor();
  await page.getByRole('button', { name: 'Change it' }).click();
  await page.getByLabel('Temperature').fill('0');
  await page.keyboard.press('Escape');
  t.equal(
    await converse(page, 'What is the capital of France?'),
    'The capital of France is Paris.',
  );
  await close();
});

t.test('files are taken wherever they are dropped, and each fault is told', { skip }, async (t) => {
  const { page, close } = await openTab(browser, radish.url);
  await box(page).waitFor();
  t.ok(await drop(page, '.welcome', '[["a.txt", 104, 105], ["b.txt", 255, 254, 104, 0]]'));
  await page.getByText('b.txt').waitFor();
  t.ok(await drop(page, '.top', '[["c.png", 137, 255], ["d.txt"]]'));
  await page.getByText('c.png is no text file. d.txt is empty.').waitFor();
  await page.getByRole('button', { name: 'Remove a.txt' }).click();
  t.equal(await focused(page), 'Message');
  await box(page).fill('Read this.');
  await page.keyboard.press('Enter');
  await page.locator('.message.user').waitFor();
  t.equal(
    await page.locator('.message.user .said').innerText(),
    'Read this.\n\nb.txt:\n```\nh\n```',
  );
  t.equal(await page.locator('.composer .fault').count(), 0);
  await close();
});

t.test('a browser that keeps nothing talks all the same', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, 'about:blank');
  await page.addInitScript(`
    const deny = () => { throw new DOMException('denied', 'SecurityError'); };
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
      Object.defineProperty(window, name, { get: deny });
    window.BroadcastChannel = class { constructor() { deny(); } };`);
  await page.goto(radish.url);
  await page.getByText('Conversations are not kept in this browser').waitFor();
  await page.getByRole('button', { name: 'Dismiss' }).click();
  t.ok(await converse(page, 'What is the capital of France?'));
  await page.getByRole('button', { name: 'Colours' }).click();
  await page.getByRole('button', { name: 'Colours: light' }).waitFor();
  await page.waitForTimeout(1000);
  t.equal(await page.locator('.trouble').count(), 0, 'it is told once');
  t.same(faults, []);
  await close();
});

t.test('it copies where the browser has no clipboard, as on plain HTTP', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, radish.url);
  await page.evaluate(
    `window.board = navigator.clipboard;
     Object.defineProperty(navigator, 'clipboard', { value: undefined })`,
  );
  await converse(page, 'What is the capital of France?');
  await page.getByRole('button', { name: 'Copy', exact: true }).first().click();
  const copied = () => page.evaluate<string>('window.board.readText()');
  t.equal(await copied(), 'What is the capital of France?');
  t.equal(await focused(page), 'Copy');
  await page.getByRole('button', { name: 'As curl or Python' }).click();
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  t.match(await copied(), /^curl /, 'out of a dialog too');
  await until(page, "document.querySelector('dialog').textContent.includes('Copied')");
  t.same(faults, []);
  await close();
});

t.test('where the system chooses the colours, data keeps its own', { skip }, async (t) => {
  const { page, close } = await openTab(browser, `${radish.url}/#/cache`, {
    forcedColors: 'active',
  });
  await page.locator('.slab').first().waitFor();
  const colours = await page.evaluate<string[]>(
    "[...document.querySelectorAll('.legend .swatch')].map((one) => getComputedStyle(one).backgroundColor)",
  );
  t.ok(new Set(colours).size >= 6, colours.join());
  const edge = "getComputedStyle(document.querySelector('.views a[aria-current]')).outlineStyle";
  t.equal(await page.evaluate<string>(edge), 'solid', 'the view that is shown is marked');
  await close();
});
