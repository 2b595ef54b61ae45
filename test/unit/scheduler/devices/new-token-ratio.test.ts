import t from 'tap';
import {
  CLIP_MAX_NEW_TOKENS,
  futureTokens,
  NewTokenRatio,
} from '../../../../src/scheduler/devices/new-token-ratio.js';

const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;

t.test('decays from 0.7 to its minimum in 600 steps', (t) => {
  const ratio = new NewTokenRatio(1);
  t.ok(near(ratio.value, 0.7));
  for (let i = 0; i < 300; i++) ratio.decay();
  t.ok(near(ratio.value, 0.7 - (0.7 * 0.86) / 2));
  for (let i = 0; i < 900; i++) ratio.decay();
  t.ok(near(ratio.value, 0.7 * 0.14));
  ratio.reset();
  t.ok(near(ratio.value, 0.7));
  t.end();
});

t.test('rises with what a retraction has shown, never above 1', (t) => {
  const ratio = new NewTokenRatio(0.1);
  ratio.raise(100, 4, 399);
  t.ok(near(ratio.value, 180 / 400));
  ratio.raise(10_000, 4, 99);
  t.equal(ratio.value, 1);
  t.end();
});

t.test('a request is not expected to make more than the clip', (t) => {
  t.equal(futureTokens(100, 40), 60);
  t.equal(futureTokens(1_000_000, 40), CLIP_MAX_NEW_TOKENS);
  t.equal(futureTokens(10, 40), 0);
  t.end();
});
