import { deflateSync } from 'node:zlib';
import t from 'tap';

import { seal, unseal } from '../../../../src/api/responses/sealed-text.js';

t.test('texts come back as they were', (t) => {
  for (const text of ['', 'hm', 'é✓'.repeat(100), 'a'.repeat(100_000)]) {
    t.equal(unseal('reasoning', seal('reasoning', text)), text);
  }
  t.equal(unseal('compaction', seal('reasoning', 'x')), null, 'each kind by itself');
  t.end();
});

t.test('SGLang’s own packing is read', (t) => {
  t.equal(unseal('reasoning', 'sglang-reasoning-v1.eJzLyFUozk1MAQATDQPx'), null, 'a broken one');
  const packed = deflateSync(Buffer.from('a thought')).toString('base64url');
  t.equal(unseal('reasoning', `sglang-reasoning-v1.${packed}`), 'a thought');
  t.end();
});

t.test('a body of zeros does not unfold', (t) => {
  const bomb = deflateSync(Buffer.alloc(8 * 1024 * 1024)).toString('base64url');
  t.equal(unseal('reasoning', `sglang-reasoning-v1.${bomb}`), null);
  t.end();
});
