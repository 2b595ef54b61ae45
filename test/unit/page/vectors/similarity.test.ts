import t from 'tap';

import {
  cosine,
  linesOf,
  shadeOf,
  similarityMatrix,
} from '../../../../src/page/vectors/similarity.js';

t.test('the cosine of two vectors', (t) => {
  t.equal(cosine([1, 0], [0, 2]), 0);
  t.equal(cosine([3, 4], [6, 8]), 1);
  t.equal(cosine([1, 0], [-1, 0]), -1);
  t.equal(cosine([0, 0], [1, 1]), 0);
  t.same(similarityMatrix([[1], [-2]]), [
    [1, -1],
    [-1, 1],
  ]);
  t.end();
});

t.test('a text a line, and a shade for each value', (t) => {
  t.same(linesOf(' a \n\n b\n'), ['a', 'b']);
  t.same(
    [0, 0.5, 1, 2].map((value) => shadeOf(value, [0, 1], 4)),
    [0, 2, 3, 3],
  );
  t.equal(shadeOf(1, [1, 1], 4), 3);
  t.end();
});
