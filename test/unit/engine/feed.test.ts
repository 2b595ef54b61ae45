import t from 'tap';

import { Feed } from '../../../src/engine/feed.js';

t.test('all listeners hear all news, and none takes the place of another', (t) => {
  const feed = new Feed<number>();
  const heard: string[] = [];
  const stop = feed.listen((news) => heard.push(`a${news}`));
  feed.listen((news) => heard.push(`b${news}`));
  feed.publish(1);
  stop();
  stop();
  feed.publish(2);
  t.same(heard, ['a1', 'b1', 'b2']);
  t.end();
});

t.test(
  'whoever brings the news is told when the first listener comes and the last one leaves',
  (t) => {
    const told: boolean[] = [];
    const feed = new Feed<number>((isListened) => told.push(isListened));
    const stops = [feed.listen(() => undefined), feed.listen(() => undefined)];
    t.same(told, [true]);
    for (const stop of stops) stop();
    t.same(told, [true, false]);
    feed.listen(() => undefined);
    t.same(told, [true, false, true]);
    t.end();
  },
);
