import t from 'tap';

import { RequestError } from '../../../src/core/errors.js';
import { BodyReader, ClientLeftError, type BodyLimits } from '../../../src/http/body.js';
import type { NativeBody } from '../../../src/http/native.js';

type OnData = (chunk: ArrayBuffer, isLast: boolean) => void;

interface Options extends Partial<BodyLimits> {
  readonly announcedBytes?: number;
  readonly maxBytes?: number;
}

function open(
  { announcedBytes, maxBytes, ...limits }: Options = {},
  reader = new BodyReader(limits),
) {
  const native: NativeBody & { push: OnData; numRenewed: number } = {
    push: () => undefined,
    numRenewed: 0,
    onData(handler) {
      native.push = handler;
    },
    pause: () => undefined,
    resume() {
      native.numRenewed += 1;
    },
  };
  let leave: () => void = () => undefined;
  const body = reader.read(native, {
    announcedBytes: announcedBytes ?? null,
    maxBytes,
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
    native,
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

t.test('what has come earns more time', async (t) => {
  const { body, push, native } = open({ timeoutMs: 20 });
  push('x'.repeat(16 * 1024), false);
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.ok(native.numRenewed > 0, 'and the library is told to wait');
  push('y', true);
  t.equal((await body).length, 16 * 1024 + 1);
});

t.test('all bodies share a bound: the largest goes', async (t) => {
  const reader = new BodyReader({ maxTotalBytes: 10 });
  const [large, small, next] = [open({}, reader), open({}, reader), open({}, reader)];
  large.push('123456', false);
  small.push('1234', false);
  next.push('1', false);
  await t.rejects(large.body, { code: 'BODIES_FULL', message: /10 bytes together/ });
  next.push('23456', true);
  small.push('', true);
  t.equal(Buffer.from(await next.body).toString(), '123456');
  t.equal(Buffer.from(await small.body).toString(), '1234');
  const later = open({}, reader);
  later.push('1234567890', true);
  t.equal((await later.body).length, 10, 'what has arrived or failed is not counted any more');
});

t.test('a client that leaves has nobody to answer', async (t) => {
  const { body, leave } = open();
  leave();
  await t.rejects(body, { constructor: ClientLeftError, message: /client left/ });
});
