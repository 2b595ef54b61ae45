import t from 'tap';

import { seededRandom } from '../../../src/core/clock.js';
import { StopMatcher } from '../../../src/text/stop-matcher.js';
import { RegexBudgetError, StopRegex } from '../../../src/text/stop-regex.js';

function feed(matcher: StopMatcher, parts: readonly string[]) {
  for (const part of parts) {
    const match = matcher.push(part);
    if (match !== null) return match;
  }
  return null;
}

function strings(stops: string[], noStopTrim = false): StopMatcher {
  return new StopMatcher(stops, [], noStopTrim);
}

function regex(pattern: string): StopMatcher {
  return new StopMatcher([], [new StopRegex(pattern)], false);
}

t.test('a stop string is found across tokens and cut off', (t) => {
  t.strictSame(feed(strings(['END']), ['some ', 'E', 'N', 'D more']), {
    matched: 'END',
    visibleLength: 5,
  });
  t.equal(feed(strings(['END']), ['some ', 'EN', ' D']), null);
  t.end();
});

t.test('no_stop_trim keeps the text of the tokens that matched', (t) => {
  t.strictSame(feed(strings(['END'], true), ['some ', 'END.']), {
    matched: 'END',
    visibleLength: 9,
  });
  t.end();
});

t.test('the first stop of the list wins, wherever it stands', (t) => {
  t.equal(feed(strings(['b', 'a']), ['xab'])?.matched, 'b');
  t.equal(feed(strings(['a', 'b']), ['xab'])?.matched, 'a');
  t.end();
});

t.test('text that may begin a stop is held back, and no more', (t) => {
  const matcher = strings(['END', 'NO']);
  matcher.push('abc');
  t.equal(matcher.safeLength, 3);
  matcher.push('E');
  t.equal(matcher.safeLength, 3);
  matcher.push('N');
  t.equal(matcher.safeLength, 3);
  matcher.push('x');
  t.equal(matcher.safeLength, 6);
  t.end();
});

t.test('what was released never has to be taken back', (t) => {
  const seed = 7;
  const random = seededRandom(seed);
  const word = (length: number): string =>
    Array.from({ length }, () => (random() < 0.5 ? 'a' : 'b')).join('');
  for (let round = 0; round < 500; round++) {
    const stops = [word(4), word(7), word(9)];
    const matcher = strings(stops);
    let text = '';
    let released = 0;
    for (let i = 0; i < 60; i++) {
      const part = word(1 + Math.floor(3 * random()));
      text += part;
      const match = matcher.push(part);
      const wanted = Math.min(
        ...stops.map((stop) => (text.includes(stop) ? text.indexOf(stop) : Infinity)),
      );
      if (match !== null) {
        if (match.visibleLength < released) t.fail(`seed ${seed} round ${round}: ${text}`);
        if (text.indexOf(match.matched) !== match.visibleLength) t.fail(`seed ${seed}: position`);
        break;
      }
      if (wanted !== Infinity) t.fail(`seed ${seed} round ${round}: missed a stop in ${text}`);
      released = matcher.safeLength;
    }
  }
  t.pass();
  t.end();
});

t.test('a stop string may name a special token that the client does not see', (t) => {
  const matcher = strings(['<tool>']);
  t.equal(matcher.push('ab'), null);
  t.equal(matcher.push('<x>', true), null);
  t.equal(matcher.push('cd'), null);
  t.strictSame(matcher.push('<tool>', true), { matched: '<tool>', visibleLength: 4 });
  t.end();
});

t.test('positions stay right in long texts', (t) => {
  const matcher = strings(['STOP']);
  for (let i = 0; i < 1000; i++) matcher.push('0123456789');
  matcher.push('<x>', true);
  t.equal(matcher.safeLength, 10_000);
  t.equal(matcher.push('ab STOP')?.visibleLength, 10_003);
  t.end();
});

t.test('a stop regex matches in the tail and reports its pattern', (t) => {
  t.strictSame(feed(regex('and|or'), ['this ', 'or that']), {
    matched: 'and|or',
    visibleLength: 5,
  });
  t.strictSame(feed(regex('[.!?]\\s*$'), ['Hi', '. You']), null);
  t.equal(feed(regex('[.!?]\\s*$'), ['Hi', '. ', 'You'])?.visibleLength, 2);
  t.equal(feed(regex('x*'), ['abc']), null, 'an empty match stops nothing');
  t.end();
});

t.test('a stream holds back the characters in which a regex match may begin', (t) => {
  const matcher = regex('[.!?]\\s+END');
  matcher.push('Well. ');
  t.equal(matcher.safeLength, 0, 'nothing of a short text is shown');
  matcher.push('x'.repeat(100));
  t.equal(matcher.safeLength, 106 - 64, 'all but the last 64 characters of a longer one');
  matcher.push('Yes! ');
  t.strictSame(matcher.push('END'), { matched: '[.!?]\\s+END', visibleLength: 109 });
  t.equal(strings(['END']).safeLength, 0);
  const both = new StopMatcher(['END'], [new StopRegex('x+y')], false);
  both.push('0123456789'.repeat(10));
  t.equal(both.safeLength, 100 - 64, 'beside a stop string too');
  t.end();
});

t.test("Python's spellings of a regex are understood", (t) => {
  t.equal(feed(regex('(?i)stop'), ['a STOP'])?.visibleLength, 2);
  t.equal(feed(regex('(?P<q>["\'])x(?P=q)'), ['a "x"'])?.visibleLength, 2);
  t.equal(feed(regex('end\\Z'), ['the end'])?.visibleLength, 4);
  t.equal(feed(regex('\\-\\-'), ['a --'])?.visibleLength, 2);
  t.throws(() => regex('foo**'));
  t.throws(() => regex('('));
  t.end();
});

t.test('a regex that explodes is stopped', (t) => {
  const started = performance.now();
  t.throws(() => regex('(a+)+$').push(`${'a'.repeat(60)}b`), RegexBudgetError);
  t.ok(performance.now() - started < 1000);
  t.end();
});
