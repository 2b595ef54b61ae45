import { existsSync } from 'node:fs';

import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** For tap: why there is nothing to test with, or false. */
export const skip = existsSync(CHROMIUM) ? false : `${CHROMIUM} is not here`;

/** A phone, a tablet, a desk. */
export const SIZES = [
  { width: 390, height: 780 },
  { width: 820, height: 1100 },
  { width: 1440, height: 900 },
] as const;

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

/** A page of a person of its own, and whatever went wrong in it: what the console says of faults, and what was thrown. */
export interface Tab {
  readonly page: Page;
  readonly faults: readonly string[];
  readonly close: () => Promise<void>;
}

export async function openTab(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Tab> {
  const context = await browser.newContext({
    ...options,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // A server that is asked before it is there, or without its key, is told of by the page itself.
    if (message.type() !== 'error' || /Failed to load resource|WebSocket/.test(message.text()))
      return;
    faults.push(message.text());
  });
  await page.goto(url);
  return { page, faults, close: () => context.close() };
}

/** What axe finds fault with, as sentences. It is put in past the page's policy, which would not run it. */
export async function violations(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  const run = `${axe.source}; axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, any, all }) =>
      id + ': ' + help + ' at ' + target.join(' ') + ' ' + [...any, ...all].map(({ message }) => message).join('; '))))`;
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression: run,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
  return result.value as readonly string[];
}

/** How many pixels of the page lie beside the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate<number>(
    `Math.max(...[document.documentElement, ...document.querySelectorAll('main, .thread')]
      .map((box) => box.scrollWidth - box.clientWidth))`,
  );
}

/** Types a question and waits for the end of its answer. @returns what the page shows as the answer */
export async function converse(page: Page, question: string): Promise<string> {
  const answers = page.locator('.message.assistant');
  const before = await answers.count();
  await page.getByRole('textbox', { name: 'Message' }).fill(question);
  await page.locator('.send:enabled').waitFor();
  await page.keyboard.press('Enter');
  const answer = answers.nth(before);
  await answer.locator('.stats, .fault').first().waitFor();
  return (await answer.locator('.message-body > .markdown').allInnerTexts()).join('\n');
}

/** Waits until an expression is true in the page, whose policy lets nothing but the browser itself evaluate it. */
export async function until(page: Page, expression: string): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await page.evaluate<boolean>(expression))) {
    if (Date.now() > end) throw new Error(`it never came true: ${expression}`);
    await page.waitForTimeout(50);
  }
}
