/** Against `indexOf` itself, for texts of few letters, so that markers overlap, are cut and come back. */
import t from 'tap';

import { MarkerSearch } from '../../../../src/text/scan/marker-search.js';
import { seededRandom } from '../../../../src/core/clock.js';

const MARKERS = ['a', 'ab', 'aba', 'bbb', 'abaab'];

t.test('the place is that of indexOf, however the text grows and the reader goes back', (t) => {
  const random = seededRandom(11);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let round = 0; round < 400; round++) {
    const search = new MarkerSearch();
    let text = '';
    let from = 0;
    for (let step = 0; step < 40; step++) {
      text += Array.from({ length: below(6) }, () => 'abc'[below(3)]).join('');
      const marker = MARKERS[below(MARKERS.length)] ?? '';
      const found = search.indexOf(text, marker, from);
      if (found !== text.indexOf(marker, from)) {
        t.equal(found, text.indexOf(marker, from), `${text} from ${from}: ${marker}`);
      }
      from = Math.max(0, Math.min(text.length, from + below(7) - 2));
      if (below(4) > 0) continue;
      const numTaken = below(from + 1);
      text = text.slice(numTaken);
      from -= numTaken;
      search.forget(numTaken);
    }
  }
  t.end();
});
