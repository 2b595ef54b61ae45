import t from 'tap';

import { RequestError } from '../../../src/core/errors.js';
import { ClientLeftError, readBody } from '../../../src/http/body.js';

type OnData = (chunk: ArrayBuffer, isLast: boolean) => void;

function open(options: { announcedBytes?: number; maxBytes?: number; timeoutMs?: number } = {}) {
  const native: { onData(handler: OnData): void; push: OnData } = {
    push: () => undefined,
    onData(handler) {
      native.push = handler;
    },
  };
  let leave: () => void = () => undefined;
  const body = readBody(native, {
    announcedBytes: null,
    ...options,
    onClientLeft: (listener) => {
      leave = listener;
    },
  });
  const push = (text: string, isLast: boolean): void => {
    const bytes = Uint8Array.from(Buffer.from(text));
    native.push(bytes.buffer, isLast);
    // As the library does when the callback returns.
    bytes.fill(0);
  };
  return {
    body,
    push,
    leave: () => {
      leave();
    },
  };
}

t.test('chunks are copied before they die', async (t) => {
  const { body, push } = open();
  push('ab', false);
  push('c', true);
  t.equal(Buffer.from(await body).toString(), 'abc');
});

t.test('a body beyond the limit is refused, announced or not', async (t) => {
  const announced = open({ announcedBytes: 11, maxBytes: 10 });
  await t.rejects(announced.body, { constructor: RequestError, code: 'BODY_TOO_LARGE' });
  const grown = open({ maxBytes: 10 });
  grown.push('12345678', false);
  grown.push('901', false);
  await t.rejects(grown.body, { code: 'BODY_TOO_LARGE' });
});

t.test('a body that never ends is given up', async (t) => {
  const { body, push } = open({ timeoutMs: 20 });
  push('{', false);
  await t.rejects(body, { code: 'REQUEST_TIMEOUT' });
});

t.test('a client that leaves has nobody to answer', async (t) => {
  const { body, leave } = open();
  leave();
  await t.rejects(body, { constructor: ClientLeftError, message: /client left/ });
});
