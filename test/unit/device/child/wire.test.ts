import t from 'tap';
import { stepOf } from '../../../../src/core/batch.js';
import { pack, unpack } from '../../../../src/device/child/wire.js';

t.test('a message arrives as it does between threads', (t) => {
  const shared = new ArrayBuffer(64);
  const plan = stepOf(3, {
    decode: Int32Array.of(1, -1, 1),
    prefill: [
      {
        slot: 1,
        position: 0,
        tokens: new Int32Array(shared, 0, 4),
        previousToken: -1,
        nextToken: -1,
        sample: true,
      },
    ],
    frees: [4],
  });
  const message = { kind: 'toDevice', message: { kind: 'step', plan } } as const;
  const got = unpack(pack(message)) as typeof message;
  t.strictSame(got, structuredClone(message));
  const { decode } = got.message.plan;
  t.equal(decode.buffer.byteLength, decode.byteLength, 'with a buffer of its own');
  structuredClone(decode, { transfer: [decode.buffer as ArrayBuffer] });
  t.end();
});

t.test('numbers that JSON has not, and errors', (t) => {
  const values = [Infinity, NaN, -0, undefined, 10n, BigInt64Array.of(3n), Uint16Array.of(1)];
  const error = new TypeError('why');
  const message = { kind: 'ended', error, values } as const;
  const got = unpack(pack(message)) as typeof message;
  t.strictSame(got.values, values);
  t.match(got.error, { name: 'TypeError', message: 'why', stack: error.stack });
  t.end();
});
