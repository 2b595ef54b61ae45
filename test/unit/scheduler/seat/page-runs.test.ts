import t from 'tap';
import { PageRuns } from '../../../../src/scheduler/seat/page-runs.js';

t.test(
  'places that follow each other are one run, with the pages that are there when it is taken',
  (t) => {
    const runs = new PageRuns();
    t.ok(runs.isEmpty);
    const list = [10, 11, 12, 13, 14, 15];
    for (const place of [1, 2, 5]) runs.add(place);
    t.notOk(runs.isEmpty);
    list[2] = 99;
    t.same(runs.take(list), [
      { fromPage: 1, pages: Int32Array.of(11, 99) },
      { fromPage: 5, pages: Int32Array.of(15) },
    ]);
    t.ok(runs.isEmpty);
    t.same(runs.take(list), [], 'once only');
    t.end();
  },
);
