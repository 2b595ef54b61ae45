import t from 'tap';

import { csvOf, layersOf, shadeOf, useOf } from '../../../../src/page/experts/imbalance.js';

t.test('how evenly a layer uses its experts', (t) => {
  t.match(useOf(3, [5, 5, 5, 5]), { layer: 3, total: 20, imbalance: 1, unused: 0, evenness: 1 });
  t.match(useOf(0, [0, 8, 0, 0]), { imbalance: 4, busiest: 1, unused: 3, evenness: 0.25 });
  t.match(useOf(0, [0, 0]), { total: 0, imbalance: 0, evenness: 0 });
  t.end();
});

t.test('layers in order, and as the record route writes them', (t) => {
  const layers = { 10: [0, 2], 2: [1, 0] };
  t.same(layersOf(layers), [
    [2, [1, 0]],
    [10, [0, 2]],
  ]);
  t.equal(csvOf(layers), 'layer_id,expert_id,count\n2,0,1\n10,1,2\n');
  t.end();
});

t.test('an even choice has the middle shade', (t) => {
  t.equal(shadeOf(0, 100, 4, 9), 0);
  t.equal(shadeOf(25, 100, 4, 9), 5);
  t.equal(shadeOf(100, 100, 4, 9), 8);
  t.equal(shadeOf(1, 100, 4, 9), 1);
  t.end();
});
