import { readFileSync } from 'node:fs';

import t from 'tap';

import { readResults, type Point, type Results } from '../../bench/quality/page/results.js';
import { renderChart } from '../../bench/quality/page/draw/chart.js';
import { frontier } from '../../bench/quality/page/draw/frontier.js';
import { airyDomain, logScale, ticks } from '../../bench/quality/page/draw/log-scale.js';
import { pageFiles } from '../../bench/quality/page/write-page.js';
import { withTables } from '../../bench/quality/page/tables.js';

function point(id: string, engine: Point['engine'], kl: number, speed: number): Point {
  const origin = { date: '2026-01-02', commit: 'abc' };
  const types = engine === 'radish' ? {} : { types: { Q5_0: 3, Q6_K: 4 }, headType: 'Q8_0' };
  return {
    id,
    engine,
    format: id,
    size: { layerBits: 5.5, linearBits: 6.25, weightMiB: 100.4, ...types },
    quality: { kl, klError: kl / 10, sameTop1: 0.9, perplexity: 20, ...origin },
    speed: {
      decode1: [1, speed, 999],
      decode8: [3 * speed],
      prefill: [10 * speed],
      ...origin,
    },
  };
}

const RESULTS: Results = {
  model: 'a <model> & more',
  setting: { window: 512, rows: 1530, threads: 2, llamaCpp: 'llama.cpp 1' },
  machine: { cpu: 'A CPU', cores: 2, isa: 'avx2' },
  copy: null,
  points: [
    point('none', 'radish', 0, 80),
    point('w8a8_int8', 'radish', 0.01, 200),
    point('Q4_K_M', 'llama.cpp', 0.07, 150),
  ],
};

t.test('a logarithmic scale puts equal factors at equal lengths', (t) => {
  const scale = logScale([1, 100], [0, 200]);
  t.strictSame(
    [1, 10, 100].map((value) => scale.place(value)),
    [0, 100, 200],
  );
  const down = logScale([1, 100], [200, 0]);
  t.equal(down.place(10), 100);
  t.end();
});

t.test('ticks are round, inside, and at least three', (t) => {
  t.strictSame(ticks({ from: 0.0015, to: 0.3 }), [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]);
  t.strictSame(ticks({ from: 90, to: 260 }), [100, 150, 200]);
  t.ok(ticks({ from: 105, to: 180 }).length >= 3);
  t.end();
});

t.test('a domain has all values inside, and a length where they are one', (t) => {
  const [from, to] = airyDomain([2, 8], 0.1);
  t.ok(from < 2 && to > 8);
  const [low, high] = airyDomain([5, 5], 0.1);
  t.ok(low < 5 && high > 5);
  t.end();
});

t.test('the frontier leaves out what another beats in both', (t) => {
  const slow = { kl: 0, speed: 1 };
  const fast = { kl: 0.1, speed: 9 };
  const beaten = { kl: 0.2, speed: 8 };
  const equal = { kl: 0.1, speed: 8 };
  t.strictSame(frontier([slow, beaten, fast, equal]), [fast, slow]);
  t.end();
});

t.test('the chart names every format in each panel, and says what it shows', (t) => {
  const svg = renderChart(RESULTS);
  for (const { id } of RESULTS.points) t.equal(svg.split(`>${id}</text>`).length - 1, 3, id);
  t.match(svg, /^<svg [^>]*role="img" aria-labelledby="title desc"/);
  t.match(svg, /<title id="title">[^<]*a &lt;model&gt; &amp; more<\/title>/);
  t.match(svg, /<desc id="desc">[^<]*w8a8_int8: KL 0\.010, 200, 600, 2000 tokens per second/);
  t.match(svg, /prefers-color-scheme: dark/);
  t.match(svg, /2 threads on 2 cores of A CPU, AVX2\./);
  t.match(svg, /2026-01-02/);
  t.notMatch(svg, /NaN|undefined|Infinity/);
  t.end();
});

t.test('what another beats is hollow: slower than w8a8_int8 and farther', (t) => {
  const svg = renderChart(RESULTS);
  t.equal(svg.split('class="llama behind" x=').length - 1, 3 + 1, 'in each panel, and the legend');
  t.equal(svg.split('class="radish behind" ').length - 1, 1, 'only in the legend');
  t.end();
});

t.test('a format that was not timed is in the table alone', (t) => {
  const untimed = { ...point('int4', 'radish', 0.3, 1), speed: null };
  const results = { ...RESULTS, points: [...RESULTS.points, untimed] };
  t.notMatch(renderChart(results), /int4/);
  const page = withTables('a\n<!-- measured:start -->\nold\n<!-- measured:end -->\nb', results);
  t.match(page, /\| Radish `int4` +\| 0\.300 ± 0\.030 .*\| – /);
  t.match(page, /\| llama.cpp Q4_K_M +\| 0\.070 ± 0\.007 .*\| 5\.50; 6\.25 \|/);
  t.match(page, /\| Q4_K_M \| 4 Q6_K, 3 Q5_0 +\| Q8_0 \|/);
  t.notMatch(page, /old/);
  t.throws(() => withTables('no markers', results));
  t.end();
});

t.test('the page is what the bench measured', (t) => {
  const results = readResults();
  if (results === null) throw new Error('no results');
  for (const [path, expected] of pageFiles(results)) t.equal(readFileSync(path, 'utf8'), expected);
  t.end();
});
