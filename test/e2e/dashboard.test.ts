import t from 'tap';
import { generate } from './client.js';
import { textOf } from './deploy-files.js';
import { startRadish } from './radish-process.js';

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly templating: {
    readonly list: readonly { readonly type: string; readonly query: string }[];
  };
}

/** What an expression names. */
interface Names {
  readonly metrics: readonly { readonly name: string; readonly isRate: boolean }[];
  readonly labels: readonly string[];
  /** Words that are neither: functions and keywords. */
  readonly words: readonly string[];
}

/** What Prometheus adds to each series when it scrapes. */
const SCRAPED = ['instance', 'job'];
const FUNCTIONS = new Set(['sum', 'max', 'rate', 'histogram_quantile', 'by']);
const SELECTOR = /(rate\()?([a-zA-Z_][\w:]*)\{([^}]*)\}(\[[^\]]*\])?/g;
const GROUPING = /\bby \(([^)]*)\)/g;

/** A prompt of more than a page: the second time it comes from the cache. */
const PROMPT = 'Once upon a time there was a small cat who lived in a house by the sea. '.repeat(4);

function namesIn(expression: string): Names {
  const selectors = [...expression.matchAll(SELECTOR)];
  const groups = [...expression.matchAll(GROUPING)].flatMap(([, labels = '']) =>
    labels.split(', '),
  );
  const matchers = selectors.flatMap(([, , , matchers = '']) =>
    [...matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
  );
  const rest = expression
    .replaceAll(SELECTOR, (_, rate?: string) => rate ?? '')
    .replaceAll(GROUPING, 'by');
  return {
    metrics: selectors.map(([, rate, name = '']) => ({ name, isRate: rate !== undefined })),
    labels: [...groups, ...matchers],
    words: rest.match(/[a-zA-Z_][\w:]*/g) ?? [],
  };
}

/** Every series of the text format: its name → its labels and its family's type. */
function seriesOf(text: string) {
  const types = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name, type]) => [name, type]),
  );
  const series = new Map<string, { labels: Set<string>; isCumulative: boolean }>();
  for (const [, name = '', labels = ''] of text.matchAll(/^([\w:]+)\{(.*)\} \S+$/gm)) {
    const known = series.get(name) ?? {
      labels: new Set(SCRAPED),
      isCumulative: types.get(name) !== 'gauge',
    };
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.labels.add(label);
    series.set(name, known);
  }
  return series;
}

t.test('every query of the dashboard names what a server exports', async (t) => {
  const radish = await startRadish(['--enable-metrics', '--dp-size', '2', '--num-threads', '1']);
  t.teardown(() => radish.stop());
  for (const rank of [0, 0, 1])
    await generate(radish.url, {
      text: PROMPT,
      data_parallel_rank: rank,
      sampling_params: { max_new_tokens: 4, ignore_eos: true },
    });
  const series = seriesOf(await (await fetch(`${radish.url}/metrics`)).text());
  const { panels, templating } = JSON.parse(textOf('grafana-dashboard.json')) as Dashboard;
  const targets = panels.flatMap(({ title, targets = [] }) =>
    targets.map((one) => ({ title, ...one })),
  );
  t.ok(targets.length > 30);

  for (const { title, expr, legendFormat } of targets) {
    const { metrics, labels, words } = namesIn(expr);
    t.ok(metrics.length > 0, `${title}: ${expr}`);
    t.strictSame(
      words.filter((word) => !FUNCTIONS.has(word)),
      [],
      `${title}: ${expr}`,
    );
    for (const { name, isRate } of metrics) {
      const exported = series.get(name);
      t.ok(exported, `${title}: ${name}`);
      t.equal(isRate, exported?.isCumulative, `${title}: rate() is for what only grows: ${name}`);
      const unknown = labels.filter((label) => exported?.labels.has(label) !== true);
      t.strictSame(unknown, [], `${title}: labels of ${name}`);
    }
    for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
      t.ok(labels.includes(label), `${title}: legend ${label}`);
  }

  for (const { query } of templating.list.filter(({ type }) => type === 'query')) {
    const [, name = '', label = ''] =
      /^label_values\(([\w:]+)(?:\{.*\})?, (\w+)\)$/.exec(query) ?? [];
    t.ok(series.get(name)?.labels.has(label), query);
  }
});
