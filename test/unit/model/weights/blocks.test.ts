import { readFileSync } from 'node:fs';
import t from 'tap';
import { BLOCK_TYPES, type BlockName } from '../../../../src/model/weights/blocks/registry.js';

interface Golden {
  readonly bytes: string;
  readonly values: string;
}

/** What the gguf package made of random bytes: test/fixtures/make_gguf_goldens.py. */
const GOLDENS = JSON.parse(readFileSync('test/fixtures/gguf/blocks.json', 'utf8')) as Record<
  BlockName,
  Golden
>;

for (const [name, type] of Object.entries(BLOCK_TYPES)) {
  t.test(`${name} is unpacked to the bits of the gguf package`, (t) => {
    const golden = GOLDENS[name as BlockName];
    const bytes = Uint8Array.from(Buffer.from(golden.bytes, 'base64'));
    const expected = Uint8Array.from(Buffer.from(golden.values, 'base64'));
    t.equal(bytes.length % type.bytes, 0);
    const values = new Float32Array((bytes.length / type.bytes) * type.elements);
    type.decode(bytes, values);
    t.equal(expected.length, values.byteLength);
    t.same(bitsOf(values), bitsOf(new Float32Array(expected.buffer)));
    t.end();
  });
}

/** The bits of each number; every NaN is the same one. */
function bitsOf(values: Float32Array): number[] {
  const bits = new Uint32Array(values.buffer);
  return [...bits].map((word, i) => (Number.isNaN(values[i]) ? 0x7fc00000 : word));
}
