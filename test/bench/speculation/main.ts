/**
 * Three kinds of work with speculation and without, in turn, over HTTP:
 * `node dist/test/bench/speculation/main.js --model-path FOLDER [--drafting FLAGS] [-- SERVER_FLAGS]`, or with servers
 * that run already `--ports WITHOUT,WITH`. See ../README.md.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

import { startRadish } from '../lib/radish-server.js';
import { machineFacts, median, table } from '../lib/report.js';
import { TimedClient } from '../lib/timed-client.js';
import { works, type Work } from './workloads.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'model-path': { type: 'string' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    'output-tokens': { type: 'string', default: '192' },
    batches: { type: 'string', default: '1,8' },
    drafting: { type: 'string', default: '--speculative-algorithm NGRAM' },
    works: { type: 'string', default: 'editing code,answering from a text,chat' },
    prompts: { type: 'string', default: '8' },
    ports: { type: 'string' },
  },
});

interface Answer {
  readonly output_ids: readonly number[];
  readonly meta_info: Readonly<Record<string, number | undefined>>;
}

/** All prompts of a work, some at once. */
interface Timing {
  readonly tokensPerSecond: number;
  /** In the order of the prompts. */
  readonly answers: readonly Answer[];
}

async function run(port: number, { prompts }: Work, numAtOnce: number): Promise<Timing> {
  const client = new TimedClient(port);
  const answers: Answer[] = [];
  const waiting = [...prompts.entries()];
  const start = performance.now();
  const serveNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [place, text] = next;
      const max_new_tokens = Number(values['output-tokens']);
      const sampling_params = { temperature: 0, max_new_tokens };
      const answer = await client.post('/generate', { text, stream: false, sampling_params });
      answers[place] = JSON.parse(answer.text) as Answer;
    }
  };
  await Promise.all(Array.from({ length: numAtOnce }, serveNext));
  const seconds = (performance.now() - start) / 1000;
  client.close();
  const numTokens = answers.reduce((sum, { output_ids }) => sum + output_ids.length, 0);
  return { tokensPerSecond: numTokens / seconds, answers };
}

interface Line {
  readonly work: string;
  readonly batch: number;
  /** Medians, tokens per second of the wall, prompts included. */
  readonly without: number;
  readonly with: number;
  /** Round by round; the median and the least of them. */
  readonly ratio: number;
  readonly ratioMin: number;
  readonly acceptLength: number;
  readonly acceptRate: number;
  /** Answers whose tokens are those without drafts, of all rounds; and all of them. */
  readonly same: number;
  readonly compared: number;
}

async function measure(plain: number, drafting: number): Promise<Line[]> {
  const lines: Line[] = [];
  for (const batch of values.batches.split(',').map(Number)) {
    for (const work of worksAsked()) {
      const off: number[] = [];
      const on: number[] = [];
      let last: readonly Answer[] = [];
      let same = 0;
      let compared = 0;
      // Round -1 warms up, and leaves the prompts in the cache: decoding is what differs.
      for (let round = -1; round < Number(values.rounds); round++) {
        const without = await run(plain, work, batch);
        const withDrafts = await run(drafting, work, batch);
        same += numSame(without.answers, withDrafts.answers);
        compared += work.prompts.length;
        if (round < 0) continue;
        off.push(without.tokensPerSecond);
        on.push(withDrafts.tokensPerSecond);
        last = withDrafts.answers;
      }
      const ratios = on.map((rate, round) => rate / (off[round] ?? NaN));
      lines.push({
        work: work.name,
        batch,
        without: median(off),
        with: median(on),
        ratio: median(ratios),
        ratioMin: Math.min(...ratios),
        ...acceptance(last),
        same,
        compared,
      });
    }
  }
  return lines;
}

/** Each with so many prompts: they go round. */
function worksAsked(): Work[] {
  const names = values.works.split(',');
  return works()
    .filter(({ name }) => names.includes(name))
    .map(({ name, prompts }) => {
      const all = Array.from({ length: Number(values.prompts) }, (_, i) => {
        return prompts[i % prompts.length] ?? '';
      });
      return { name, prompts: all };
    });
}

function numSame(without: readonly Answer[], withDrafts: readonly Answer[]): number {
  const idsOf = (answer: Answer | undefined) => answer?.output_ids.join(',');
  return without.filter((answer, i) => idsOf(answer) === idsOf(withDrafts[i])).length;
}

function acceptance(answers: readonly Answer[]): Pick<Line, 'acceptLength' | 'acceptRate'> {
  const sum = (field: string) =>
    answers.reduce((total, { meta_info }) => total + (meta_info[field] ?? 0), 0);
  const numCorrect = sum('spec_num_correct_drafts');
  return {
    acceptLength: 1 + numCorrect / sum('spec_verify_ct'),
    acceptRate: numCorrect / Math.max(1, sum('spec_num_proposed_drafts')),
  };
}

function print(lines: readonly Line[], facts: object): void {
  console.log(JSON.stringify({ bench: 'speculation', ...facts, ...machineFacts(), lines }));
  const header = [
    'tok/s',
    'at once',
    'without',
    'with',
    'ratio',
    'least',
    'accept len',
    'rate',
    'same',
  ];
  const rows = lines.map((line) => [
    line.work,
    `${line.batch}`,
    line.without.toFixed(1),
    line.with.toFixed(1),
    line.ratio.toFixed(2),
    line.ratioMin.toFixed(2),
    line.acceptLength.toFixed(2),
    line.acceptRate.toFixed(2),
    `${line.same} of ${line.compared}`,
  ]);
  console.log(table(header, rows));
}

async function main(): Promise<void> {
  if (values.ports !== undefined) {
    const [plain = 0, drafting = 0] = values.ports.split(',').map(Number);
    print(await measure(plain, drafting), {});
    return;
  }
  const folder = values['model-path'];
  if (folder === undefined) throw new Error('--model-path FOLDER is needed');
  const flags = ['--model-path', folder, '--num-threads', values.threads, ...positionals];
  const plain = await startRadish(flags);
  const drafting = await startRadish([...flags, ...values.drafting.split(' ')]);
  const lines = await measure(plain.port, drafting.port).finally(async () => {
    for (const server of [plain, drafting]) {
      server.client.close();
      await server.stop();
    }
  });
  print(lines, { model: basename(folder), format: drafting.format, threads: values.threads });
}

await main();
