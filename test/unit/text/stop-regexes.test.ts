import t from 'tap';

import {
  MAX_BODY_REGEX_CHARS,
  RegexSizeError,
  StopRegexes,
} from '../../../src/text/stop-regexes.js';

t.test('a pattern is compiled once for a body, and costs its length once', (t) => {
  const regexes = new StopRegexes();
  const pattern = 'x'.repeat(1024);
  const first = regexes.compile(pattern);
  const again = Array.from({ length: 1000 }, () => regexes.compile(pattern));
  t.ok(again.every((one) => one === first));
  t.end();
});

t.test('a body has so many characters of patterns, and so many parts of them', (t) => {
  const chars = new StopRegexes();
  const compileAll = (): void => {
    for (let i = 0; i <= MAX_BODY_REGEX_CHARS / 1000; i++) chars.compile(`${i}`.padEnd(1000, 'a'));
  };
  t.throws(compileAll, RegexSizeError);
  const parts = new StopRegexes();
  t.throws(() => {
    for (let i = 0; i < 256; i++) parts.compile(`a{8000}${i}`);
  }, RegexSizeError);
  t.throws(() => new StopRegexes().compile('a'.repeat(1025)), RegexSizeError);
  t.end();
});

t.test('what repeats nothing costs nothing, and what repeats little is counted', (t) => {
  const startedMs = performance.now();
  const regexes = new StopRegexes();
  regexes.compile('(?:){999999999}');
  regexes.compile('(?:(?:){99999}){99999}x');
  const groups = '(?:)'.repeat(200);
  t.throws(() => regexes.compile(`(?:a${groups}){8000}`), SyntaxError);
  t.ok(performance.now() - startedMs < 1000);
  t.end();
});
