import t from 'tap';

import { Pace } from '../../../../../src/api/ws/watch/pace.js';

t.test(
  'looks that cost much are seldom, and one that had to wait for a core is none of them',
  (t) => {
    const pace = new Pace();
    for (const ms of [9, 9, 9]) pace.took(ms);
    t.equal(pace.leastMs, 0, 'the first ones come at once');
    pace.took(0.5);
    t.equal(pace.leastMs, 500);
    for (const ms of [0.9, 40, 0.8]) pace.took(ms);
    t.equal(pace.leastMs, 500);
    pace.took(1);
    t.equal(pace.leastMs, 800, 'what was cheap once is forgotten');
    for (const ms of [70, 80, 90, 100]) pace.took(ms);
    t.equal(pace.leastMs, 2000, 'never so seldom that nothing seems to happen');
    t.end();
  },
);
