import t from 'tap';
import { draftPrice, shownPrice } from '../../../src/boot/draft-price.js';
import { StartupError } from '../../../src/core/errors.js';
import { modelIn } from '../fleet/fleet-rig.js';

const { spec } = modelIn('weights');
const served = { ...spec, weightBytes: 430e6, numLayers: 100 };
const THREE = { served, numDrafts: 3, maxRunning: 8 };

t.test('the dearer a row of the draft model is, the more drafts must be right', (t) => {
  const small = draftPrice({ ...THREE, draft: { ...spec, weightBytes: 43e6, numLayers: 10 } });
  t.ok(Math.abs(small.perRow - 0.1) < 1e-12, 'a tenth of the bytes and of the layers');
  // 1.07 steps * (1 + 3 * 0.422 + 3 * 0.135) = 2.86 for 1 + p + p² + p³ tokens
  t.equal(small.minHits, 13);
  t.equal(
    shownPrice(small, spec),
    'Draft model: a row costs 0.10 of one of the served model. ' +
      'A request drafts while 13 of its last 16 drafts were right.',
  );
  t.match(shownPrice(small, { ...spec, kvType: 'i8' }), /drafts where that pays in its batch/);
  const larger = draftPrice({ ...THREE, draft: { ...spec, weightBytes: 107e6, numLayers: 25 } });
  t.equal(larger.minHits, 15);
  t.end();
});

t.test('where few requests run at once fewer will do', (t) => {
  const draft = { ...spec, weightBytes: 43e6, numLayers: 10 };
  const alone = draftPrice({ ...THREE, draft, maxRunning: 1 });
  t.equal(alone.minHits, 9);
  const many = draftPrice({ ...THREE, draft, maxRunning: 64 });
  t.same(many, draftPrice({ ...THREE, draft }), 'beyond eight nothing changes');
  t.end();
});

t.test('a draft model that cannot pay is refused', (t) => {
  t.throws(() => draftPrice({ ...THREE, draft: served }), StartupError);
  t.throws(
    () => draftPrice({ ...THREE, draft: served }),
    /a row of it costs 1\.00 of one of the served model, so 4 tokens .* as long as 6\.8 without/,
  );
  t.end();
});
