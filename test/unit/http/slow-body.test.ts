import t from 'tap';

import { TRANSPORTS } from './engines.js';
import { HOST, openServer } from './segments.js';

for (const engine of TRANSPORTS) {
  t.test(`${engine.label}: a body slower than the library waits is taken`, async (t) => {
    const { send } = await openServer(t, engine);
    const head = `POST /p HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: 2\r\n\r\n`;
    const { text } = await send([`${head}a`, 'b'], { gapMs: 13_000, silenceMs: 5_000 });
    t.match(text, /^HTTP\/1\.1 200 [^]*2 bytes$/);
  });
}
