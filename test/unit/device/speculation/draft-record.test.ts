import t from 'tap';
import { DraftRecord } from '../../../../src/device/speculation/draft-record.js';
import { HitRate } from '../../../../src/device/speculation/hit-rate.js';

t.test('a new request expects what others have seen', (t) => {
  const record = new DraftRecord();
  t.equal(new HitRate(record).chance, 0.85);
  const first = new HitRate(record);
  for (let i = 0; i < 400; i++) first.judge(false);
  t.ok(new HitRate(record).chance < 0.05);
  for (let i = 0; i < 400; i++) first.judge(true);
  t.ok(new HitRate(record).chance > 0.8, 'and forgets what is long ago');
  t.end();
});

t.test('after many outputs without drafts a draft model gets another chance', (t) => {
  const record = new DraftRecord();
  for (let i = 0; i < 400; i++) record.judge(false);
  for (let i = 0; i < 1023; i++) record.skip();
  t.ok(record.chance < 0.05);
  record.skip();
  t.equal(record.chance, 0.85);
  for (let i = 0; i < 400; i++) record.judge(false);
  for (let i = 0; i < 2047; i++) record.skip();
  t.ok(record.chance < 0.05, 'the next one after twice as many');
  record.skip();
  t.equal(record.chance, 0.85);
  t.end();
});
