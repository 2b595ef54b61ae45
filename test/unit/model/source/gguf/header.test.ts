import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { ModelLoadError } from '../../../../../src/model/load-error.js';
import { NeedsMore } from '../../../../../src/model/source/gguf/cursor.js';
import { parseGguf } from '../../../../../src/model/source/gguf/header.js';
import { openSource } from '../../../../../src/model/source/registry.js';
import {
  f32,
  ggufFile,
  text,
  texts,
  u32,
  type GgufFileParts,
  type GgufFileTensor,
  type Meta,
} from '../../../../doubles/gguf-file.js';

const F32 = 0;
const Q8_0 = 8;
const HUGE = 2n ** 63n;

function tensor(change: Partial<GgufFileTensor> = {}): GgufFileTensor {
  return { name: 'a', dimensions: [32, 2], type: F32, bytes: new Uint8Array(256), ...change };
}

const SOUND: GgufFileParts = {
  metadata: [
    ['general.architecture', text('llama')],
    ['some.list', texts(['one', 'two'])],
  ],
  tensors: [tensor(), tensor({ name: 'b', type: Q8_0, bytes: new Uint8Array(68) })],
};

function parse(parts: Partial<GgufFileParts>) {
  const bytes = ggufFile({ ...SOUND, ...parts });
  return parseGguf(bytes, bytes.length, 'x.gguf');
}

/** A list in a list, `depth` times. */
function nested(depth: number): Meta {
  const value = depth === 0 ? [] : [nested(depth - 1)];
  return { type: 'list', of: 'list', value };
}

t.test('a sound file', (t) => {
  const { metadata, tensors } = parse({});
  t.same(
    [...metadata],
    [
      ['general.architecture', 'llama'],
      ['some.list', ['one', 'two']],
    ],
  );
  const places = [...tensors.values()].map(({ name, type, shape, byteLength }) => ({
    name,
    type: type.name,
    shape,
    byteLength,
  }));
  t.same(places, [
    { name: 'a', type: 'F32', shape: [2, 32], byteLength: 256 },
    { name: 'b', type: 'Q8_0', shape: [2, 32], byteLength: 68 },
  ]);
  const [a, b] = [tensors.get('a')?.offset ?? 0, tensors.get('b')?.offset ?? 0];
  t.equal(a % 32, 0);
  t.equal(b, a + 256);
  t.equal(parse({ version: 2 }).tensors.size, 2);
  t.end();
});

/** What is wrong with a file, and the sentence about it. */
const BROKEN: Readonly<Record<string, readonly [Partial<GgufFileParts>, RegExp]>> = {
  'another magic': [{ magic: 'GGML' }, /is not a GGUF file/],
  'version 1': [{ version: 1 }, /is GGUF version 1; versions 2 and 3/],
  'version 4': [{ version: 4 }, /is GGUF version 4/],
  'the other byte order': [{ version: 3 << 24 }, /is a big-endian GGUF file/],
  'a huge number of tensors': [{ numTensors: HUGE }, /claims \d+ tensors/],
  'more tensors than fit': [{ numTensors: 1000n }, /claims 1000 tensors, but only \d+ bytes/],
  'a huge number of keys': [{ numEntries: HUGE }, /claims \d+ metadata keys/],
  'more keys than fit': [{ numEntries: 500n }, /claims 500 metadata keys, but only/],
  'a key twice': [
    {
      metadata: [
        ['k', u32(1)],
        ['k', u32(2)],
      ],
    },
    /the metadata key 'k' twice/,
  ],
  'lists too deep': [{ metadata: [['k', nested(9)]] }, /too deep in the metadata key 'k'/],
  'an alignment of 0': [{ metadata: [['general.alignment', u32(0)]] }, /general\.alignment 0/],
  'an odd alignment': [{ metadata: [['general.alignment', u32(24)]] }, /general\.alignment 24/],
  'a huge alignment': [
    { metadata: [['general.alignment', u32(2 ** 31)]] },
    /general\.alignment 2147483648/,
  ],
  'an alignment that is none': [
    { metadata: [['general.alignment', text('x')]] },
    /general\.alignment "x"/,
  ],
  'a tensor twice': [{ tensors: [tensor(), tensor()] }, /the tensor 'a' twice/],
  'no dimensions': [{ tensors: [tensor({ dimensions: [] })] }, /'a' with 0 dimensions/],
  'five dimensions': [{ tensors: [tensor({ dimensions: [1, 1, 1, 1, 1] })] }, /with 5 dimensions/],
  'a huge dimension': [{ tensors: [tensor({ dimensions: [HUGE] })] }, /impossible shape/],
  'dimensions whose product is huge': [
    { tensors: [tensor({ dimensions: [2n ** 40n, 2n ** 40n] })] },
    /impossible shape/,
  ],
  'an unknown type': [{ tensors: [tensor({ type: 4 })] }, /'a' of the unknown type 4/],
  'rows that are no whole blocks': [
    { tensors: [tensor({ type: Q8_0, dimensions: [16, 4] })] },
    /'a' with rows of 16 numbers, which are no whole blocks of Q8_0/,
  ],
  'an offset beyond the file': [
    { tensors: [tensor({ offset: 2 ** 20 })] },
    /'a' at bytes \[\d+, \d+\) of \d+: the file is truncated or its header lies/,
  ],
  'a huge offset': [{ tensors: [tensor({ offset: HUGE })] }, /truncated or its header lies/],
  'an offset that is not aligned': [
    { tensors: [tensor({ offset: 8 })] },
    /'a' at 8, which is no multiple of the alignment 32/,
  ],
  'a tensor over another': [
    { tensors: [tensor(), tensor({ name: 'b', offset: 32 })] },
    /the tensor 'b' over the tensor 'a'/,
  ],
};

for (const [what, [parts, sentence]] of Object.entries(BROKEN)) {
  t.test(`refused in a sentence: ${what}`, (t) => {
    t.throws(() => parse(parts), { constructor: ModelLoadError, message: sentence });
    t.throws(() => parse(parts), { message: /^x\.gguf .*\.$/ });
    t.end();
  });
}

t.test(
  'a file that is cut anywhere is refused, and one that is read in pieces asks for more',
  (t) => {
    const whole = ggufFile(SOUND);
    for (let length = 0; length < whole.length - 28; length++) {
      const cut = whole.subarray(0, length);
      t.throws(() => parseGguf(cut, length, 'x.gguf'), { message: /^x\.gguf / });
    }
    const headerBytes = whole.length - 256 - 96;
    for (let length = 0; length < headerBytes - 32; length++) {
      const beginning = whole.subarray(0, length);
      t.throws(() => parseGguf(beginning, whole.length, 'x.gguf'), new NeedsMore());
    }
    t.end();
  },
);

t.test('any byte of a header may be another one: a sentence, or a file that can be read', (t) => {
  const whole = ggufFile(SOUND);
  for (let at = 0; at < whole.length - 256 - 96; at++) {
    for (const byte of [0, 1, 0x7f, 0xff]) {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      try {
        parseGguf(bytes, bytes.length, 'x.gguf');
      } catch (error) {
        t.ok(error instanceof ModelLoadError, `byte ${at} is ${byte}: ${String(error)}`);
      }
    }
  }
  t.end();
});

t.test('a length that a text does not have', (t) => {
  const bytes = ggufFile(SOUND);
  // The first key's length lies behind magic, version and two counts.
  bytes.writeBigUInt64LE(HUGE, 24);
  t.throws(() => parseGguf(bytes, bytes.length, 'x.gguf'), { message: /bytes of a metadata key/ });
  bytes.writeBigUInt64LE(60_000n, 24);
  t.throws(() => parseGguf(bytes, bytes.length, 'x.gguf'), {
    message: /but only \d+ bytes follow/,
  });
  t.end();
});

t.test(
  'a model that lacks what it needs says which key, or which tensor has which type',
  async (t) => {
    const folder = t.testdir();
    const path = join(folder, 'm.gguf');
    const write = (parts: Partial<GgufFileParts>) =>
      writeFile(path, ggufFile({ ...SOUND, ...parts }));
    await write({ metadata: [] });
    await t.rejects(openSource(path).config(), {
      message: /"general\.architecture" must be a text/,
    });
    await write({ metadata: [['general.architecture', text('rwkv7')]] });
    await t.rejects(openSource(path).config(), {
      message:
        /'rwkv7' is not supported as GGUF\. The nearest of the \d+ supported: \w+, \w+, [\w-]+\./,
    });
    await write({});
    await t.rejects(openSource(path).config(), {
      message: /m\.gguf: "llama\.\w+.*" must be a number/,
    });
    await write({ metadata: [...SOUND.metadata, ['llama.embedding_length', f32(NaN)]] });
    await t.rejects(openSource(path).config(), { message: /"llama\.embedding_length" must be/ });
    await writeFile(path, await readFile('package.json'));
    await t.rejects(openSource(path).weights(), { message: /is not a GGUF file/ });
  },
);
