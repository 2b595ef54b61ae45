import t from 'tap';

import { freePort, runRadish, startRadish } from '../e2e/radish-process.js';
import { converse, openTab, skip, startBrowser } from './tab.js';

const READY = 'The server is fired up and ready to roll!';

t.test('a dropped socket comes back, and a restart is told', { skip }, async (t) => {
  const port = String(await freePort());
  const serve = ['serve', '--port', port];
  const first = runRadish(serve);
  t.teardown(() => first.child.kill('SIGKILL'));
  await first.printed(READY);
  const url = `http://127.0.0.1:${port}`;
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const { page } = await openTab(browser, `${url}/#/engine`);
  const sockets: { readonly drop: () => Promise<void> }[] = [];
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    sockets.push({
      drop: async () => {
        await socket.close({ code: 3001 });
        await server.close();
      },
    });
  });
  await page.reload();
  await page.getByRole('heading', { name: 'Requests' }).waitFor();
  await sockets[0]?.drop();
  while (sockets.length < 2) await page.waitForTimeout(20);
  await page.getByRole('heading', { name: 'Requests' }).waitFor();
  t.equal(await page.getByText('The server was restarted').count(), 0, 'it is the same server');

  first.child.kill('SIGTERM');
  await first.exit;
  await page.getByText('The server does not answer.').waitFor();
  const second = runRadish(serve);
  t.teardown(() => second.child.kill('SIGKILL'));
  await page.getByText('The server was restarted').waitFor({ timeout: 30_000 });
  await page.getByRole('heading', { name: 'Requests' }).waitFor();
  await page.keyboard.press('Alt+1');
  t.ok(await converse(page, 'What is the capital of France?'), 'and it answers');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  t.equal(await page.getByText('The server was restarted').count(), 0);
});

t.test('a server that dies in an answer and comes back with another model', { skip }, async (t) => {
  const port = String(await freePort());
  const first = runRadish(['serve', '--port', port]);
  t.teardown(() => first.child.kill('SIGKILL'));
  await first.printed(READY);
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const { page } = await openTab(browser, `http://127.0.0.1:${port}/`);
  await page.route('**/v1/chat/completions', async (route) => {
    const body = { ...(route.request().postDataJSON() as object), ignore_eos: true };
    await route.continue({ postData: JSON.stringify({ ...body, max_tokens: 1900 }) });
  });
  await page.getByRole('textbox', { name: 'Message' }).fill('Tell me a story.');
  await page.keyboard.press('Enter');
  const answer = page.locator('.message.assistant');
  await answer.locator('.markdown p').first().waitFor();
  first.child.kill('SIGKILL');
  await answer.getByText('The connection to the server was lost.').waitFor();
  t.match(await answer.locator('.markdown').innerText(), /Once upon/, 'what had come stays');
  await page.unroute('**/v1/chat/completions');

  const second = runRadish(['serve', '--port', port, '--served-model-name', 'another']);
  t.teardown(() => second.child.kill('SIGKILL'));
  await page.getByText('it serves another now').waitFor({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Answer again' }).click();
  await answer.locator('.stats').waitFor();
  t.match(await page.title(), /another/);
});

t.test('an answer whose end never comes is not taken for whole', { skip }, async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const { page } = await openTab(browser, radish.url);
  await page.route('**/v1/chat/completions', async (route) => {
    const body = 'data: {"choices": [{"index": 0, "delta": {"content": "The cap"}}]}\n\n';
    await route.fulfill({ status: 200, contentType: 'text/event-stream', body });
  });
  await page.getByRole('textbox', { name: 'Message' }).fill('What is the capital of France?');
  await page.keyboard.press('Enter');
  await page.locator('.message .fault').getByText('was lost').waitFor();
  t.equal(await page.locator('.message.assistant .markdown').innerText(), 'The cap');
});

t.test('sockets that close at once are not opened in a row', { skip }, async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const { page } = await openTab(browser, `${radish.url}/#/engine`);
  let numOpened = 0;
  await page.routeWebSocket(/\/ws$/, async (socket) => {
    numOpened++;
    await socket.close({ code: 1001 });
  });
  await page.reload();
  await page.waitForTimeout(2500);
  t.ok(numOpened >= 2 && numOpened <= 6, `${numOpened} in two and a half seconds`);
  await page.waitForTimeout(3000);
  const before = numOpened;
  await page.evaluate("dispatchEvent(new Event('online'))");
  await page.waitForTimeout(400);
  t.ok(numOpened > before, 'at once when the network is back');
});

t.test('a page that nobody looks at asks to be told seldom', { skip }, async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const { page } = await openTab(browser, `${radish.url}/#/engine`);
  const asked: { op: string; body?: { every_ms?: number } }[] = [];
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      asked.push(JSON.parse(String(message)) as (typeof asked)[number]);
      server.send(message);
    });
  });
  await page.reload();
  await page.getByRole('heading', { name: 'Requests' }).waitFor();
  const hide = (isHidden: boolean) =>
    page.evaluate(
      `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
       document.dispatchEvent(new Event('visibilitychange'))`,
    );
  await hide(true);
  await hide(false);
  while (asked.length < 3) await page.waitForTimeout(20);
  t.same(
    asked.map(({ body }) => body?.every_ms),
    [500, 10_000, 500],
  );
});
