/** How the page is served; what it does in a browser is tested in test/page. */
import t from 'tap';

import { freePort, runRadish, startRadish } from './radish-process.js';

const LISTENING = 'Listening on';
const BROWSER = { accept: 'text/html,*/*' };

for (const server of ['uws', 'node']) {
  t.test(`a browser finds the page, others what they always found (${server})`, async (t) => {
    const radish = await startRadish(['--http-server', server, '--api-key', 'my-key']);
    t.teardown(() => radish.stop());
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(`${radish.url}${path}`, { headers });
    const document = await get('/', BROWSER);
    t.equal(document.status, 200);
    const html = await document.text();
    for (const [, name] of html.matchAll(/"(page\/[^"]+)"/g)) {
      const file = await get(`/${name ?? ''}`, { 'accept-encoding': 'br' });
      t.equal(file.status, 200, `${name ?? ''} is open`);
      t.equal(file.headers.get('content-encoding'), 'br');
      t.ok((await file.text()).length > 1000);
    }
    t.equal((await get('/')).status, 401, 'without a key nobody else is told anything');
    const told = await get('/', { authorization: 'Bearer my-key' });
    t.equal(await told.text(), '"SGLang is running"');
    t.equal((await get('/page/nothing.js')).status, 401);
    t.equal((await get('/server_info', BROWSER)).status, 401);
  });
}

t.test('the page is there before the model is', async (t) => {
  const port = String(await freePort());
  const run = runRadish(['serve', '--port', port]);
  t.teardown(() => run.child.kill('SIGKILL'));
  await run.printed(LISTENING);
  const document = await fetch(`http://127.0.0.1:${port}/`, { headers: BROWSER });
  t.equal(document.status, 200);
  const other = await fetch(`http://127.0.0.1:${port}/`);
  t.equal(other.status, 503);
});

t.test('without the page a browser is told what everybody is', async (t) => {
  const radish = await startRadish(['--disable-page']);
  t.teardown(() => radish.stop());
  const document = await fetch(`${radish.url}/`, { headers: BROWSER });
  t.equal(await document.text(), '"SGLang is running"');
  t.equal((await fetch(`${radish.url}/page/index.html`)).status, 404);
  t.notMatch(radish.log(), /in a browser/);
});
