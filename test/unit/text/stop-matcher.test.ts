import t from 'tap';

import { seededRandom } from '../../../src/core/clock.js';
import { StopMatcher, type StopMatch } from '../../../src/text/stop-matcher.js';
import { RegexBudgetError, RegexPool } from '../../../src/text/regex-budget.js';
import { StopRegex } from '../../../src/text/stop-regex.js';

function feed(matcher: StopMatcher, parts: readonly string[]): StopMatch | null {
  for (const part of parts) {
    const match = matcher.push(part);
    if (match !== null) return match;
  }
  return null;
}

function strings(stops: string[], noStopTrim = false): StopMatcher {
  return new StopMatcher({ stops, regexes: [], noStopTrim, meter: new RegexPool().meter() });
}

function regex(...patterns: string[]): StopMatcher {
  const regexes = patterns.map((pattern) => new StopRegex(pattern));
  return new StopMatcher({ stops: [], regexes, noStopTrim: false, meter: new RegexPool().meter() });
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
  const lengths = ['abc', 'E', 'N', 'x'].map((part) => {
    matcher.push(part);
    return matcher.safeLength;
  });
  t.strictSame(lengths, [3, 3, 3, 6]);
  t.end();
});

for (const kind of ['strings', 'regexes'] as const) {
  t.test(`${kind}: what was released never has to be taken back`, (t) => {
    const seed = 7;
    const random = seededRandom(seed);
    const word = (length: number): string =>
      Array.from({ length }, () => (random() < 0.5 ? 'a' : 'b')).join('');
    for (let round = 0; round < 500; round++) {
      const stops = [word(4), word(7), word(9)];
      const matcher = kind === 'strings' ? strings(stops) : regex(...stops);
      let text = '';
      let released = 0;
      for (let i = 0; i < 60; i++) {
        const part = word(1 + Math.floor(3 * random()));
        text += part;
        const match = matcher.push(part);
        const wanted = stops.some((stop) => text.includes(stop));
        if (wanted !== (match !== null)) t.fail(`seed ${seed} round ${round}: ${text}`);
        if (match !== null) {
          if (match.visibleLength < released) t.fail(`seed ${seed} round ${round}: ${text}`);
          if (text.indexOf(match.matched) !== match.visibleLength) t.fail(`seed ${seed}: position`);
          break;
        }
        released = matcher.safeLength;
      }
    }
    t.pass();
    t.end();
  });
}

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

t.test('a stop regex reports its pattern and where its leftmost match begins', (t) => {
  t.strictSame(feed(regex('and|or'), ['this ', 'or that']), {
    matched: 'and|or',
    visibleLength: 5,
  });
  t.equal(feed(regex('[.!?]\\s*$'), ['Hi', '. You']), null);
  t.equal(feed(regex('[.!?]\\s*$'), ['Hi', '. ', 'You'])?.visibleLength, 2);
  t.equal(feed(regex('x*'), ['abc'])?.visibleLength, 0, 'an empty match is one, as in SGLang');
  t.end();
});

t.test('all that may begin a match of a regex waits, up to a bound', (t) => {
  const matcher = regex('<a>[^<]*</a>');
  matcher.push('text <');
  matcher.push(`a>${'x'.repeat(80)}`);
  t.equal(matcher.safeLength, 5, 'a match of 80 characters is held back whole');
  t.equal(matcher.push('</a>')?.visibleLength, 5);
  const long = regex('<a>[^<]*</a>');
  let sent = 0;
  for (let i = 0; i < 300; i++) {
    long.push(i === 0 ? '<a>' : '0123456789');
    sent = long.safeLength;
  }
  t.ok(sent > 1500, 'a match that takes too long does not hold the stream up for ever');
  t.equal(long.push('</a>')?.visibleLength, sent, 'it stops, and takes back nothing that was sent');
  const looking = regex('b(?=c)');
  looking.push('ab');
  t.equal(looking.safeLength, 0);
  t.equal(looking.push('c')?.visibleLength, 1);
  t.end();
});

t.test('256 stops of 4,096 characters that nearly match cost little', (t) => {
  const stops = Array.from({ length: 256 }, (_, i) => `${'a'.repeat(4092)}${i + 1000}`);
  const matcher = strings(stops);
  const startedMs = performance.now();
  for (let i = 0; i < 500; i++) matcher.push('aaaa');
  t.ok(performance.now() - startedMs < 3000);
  t.equal(matcher.safeLength, 0);
  t.end();
});

t.test('patterns that explode in other engines do not, or end the request', (t) => {
  const text = `${'a'.repeat(200)}b`;
  for (const pattern of ['(a+)+$', '(a|a)*c', '(?:a*)*c', '(?:a|aa)+c', '(a?){50}a{50}c']) {
    const startedMs = performance.now();
    regex(pattern).push(text);
    t.ok(performance.now() - startedMs < 1000, pattern);
  }
  t.throws(() => regex('(a+)+\\1c').push(text), RegexBudgetError);
  t.throws(() => regex('(?=(a+)+c)').push(text), RegexBudgetError);
  t.end();
});
