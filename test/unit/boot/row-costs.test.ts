import t from 'tap';
import { rowCosts } from '../../../src/boot/row-costs.js';
import { modelIn } from '../fleet/fleet-rig.js';

const SPEC = {
  ...modelIn('weights').spec,
  kvType: 'i8' as const,
  format: 'w8a8_int8' as const,
  weightBytes: 135e6,
  numLayers: 30,
  moe: null,
};

t.test(
  'of the model that was measured: a draft costs an eighth of a step, and more with more keys',
  (t) => {
    const costs = rowCosts(SPEC);
    if (costs === null) throw new Error('no costs');
    const { decodeRow, draftRow, draftSequence } = costs;
    t.ok(Math.abs(draftRow.base - 0.12) < 0.01, `${draftRow.base}`);
    t.ok(decodeRow.base > draftRow.base);
    t.ok(draftRow.perKey > 0 && draftSequence.perKey > draftRow.perKey);
    t.end();
  },
);

t.test('a row that chooses experts of its own reads them', (t) => {
  const moe = { layers: [0], numExperts: 8, topK: 2 };
  const routed = rowCosts({ ...SPEC, weightBytes: 4 * 135e6, moe });
  t.ok((routed?.draftRow.base ?? 0) > 0.5, `${routed?.draftRow.base}`);
  t.end();
});

t.test('where K and V are floats nothing may go by costs', (t) => {
  t.equal(rowCosts({ ...SPEC, kvType: 'f32' }), null);
  t.end();
});
