/**
 * Texts a second of an embedding model over HTTP, beside OpenVINO and onnxruntime in processes of their own: `node
 * dist/test/bench/embed/main.js --model-path FOLDER [--openvino PYTHON] [--onnxruntime PYTHON] [-- SERVER_FLAGS]`. See
 * ../README.md.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

import { startPythonPeer, type PythonPeer } from '../lib/python-peer.js';
import { startRadish, type RadishServer } from '../lib/radish-server.js';
import { RandomIds } from '../lib/random-ids.js';
import { machineFacts, median, table } from '../lib/report.js';
import { TimedClient } from '../lib/timed-client.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'model-path': { type: 'string' },
    openvino: { type: 'string' },
    precision: { type: 'string', multiple: true, default: ['default'] },
    onnxruntime: { type: 'string' },
    'onnxruntime-precision': { type: 'string', multiple: true, default: ['f32', 'int8'] },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    tokens: { type: 'string', default: '8192' },
    encoding: { type: 'string', default: 'base64' },
  },
});

/** `[CLS]` and `[SEP]` of BERT. */
const [FIRST, LAST] = [101, 102];
const LENGTHS: Readonly<Record<string, readonly number[]>> = {
  '32 tokens': [32],
  '128 tokens': [128],
  '510 tokens': [510],
  '16 to 510 tokens': [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 510],
};

/** Embeds some texts at once. */
interface Side {
  readonly name: string;
  run(texts: readonly (readonly number[])[]): Promise<Timing>;
}

interface Timing {
  readonly wallMs: number;
  /** `[numTexts, dim]` */
  readonly vectors: readonly (readonly number[])[];
}

interface Line {
  readonly label: string;
  readonly numTexts: number;
  /** Medians of tokens per second, by side. */
  readonly rates: Readonly<Record<string, number>>;
  /** Of the first side's over each other's, round by round; the median. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Least cosine of a text's vectors by the first side and each other. */
  readonly cosines: Readonly<Record<string, number>>;
}

function textsOf(lengths: readonly number[], seed: number): number[][] {
  const random = new RandomIds(seed);
  const texts: number[][] = [];
  for (let left = Number(values.tokens); left > 0; left -= texts.at(-1)?.length ?? 1) {
    const length = lengths[texts.length % lengths.length] ?? 0;
    texts.push([FIRST, ...random.ids(length - 2), LAST]);
  }
  return random.shuffled(texts);
}

/** All of it, the parsing of the answer apart. */
function radishSide(server: RadishServer): Side {
  const client = new TimedClient(server.port);
  return {
    name: 'radish',
    run: async (input) => {
      const start = performance.now();
      const body = { model: 'any', input, encoding_format: values.encoding };
      const { text } = await client.post('/v1/embeddings', body);
      const wallMs = performance.now() - start;
      const { data } = JSON.parse(text) as { data: readonly { embedding: Encoded }[] };
      return { wallMs, vectors: data.map(({ embedding }) => decoded(embedding)) };
    },
  };
}

/** Numbers, or the base64 of their f32, which OpenAI's clients ask for by themselves. */
type Encoded = string | readonly number[];

function decoded(embedding: Encoded): readonly number[] {
  if (typeof embedding !== 'string') return embedding;
  const bytes = Uint8Array.from(Buffer.from(embedding, 'base64'));
  return [...new Float32Array(bytes.buffer)];
}

function peerSide(peer: PythonPeer): Side {
  const { name } = peer.facts as { readonly name: string };
  return {
    name,
    run: async (texts) => (await peer.ask({ texts })) as Timing,
  };
}

async function measure(sides: readonly Side[]): Promise<Line[]> {
  const lines: Line[] = [];
  for (const [label, lengths] of Object.entries(LENGTHS)) {
    const timings = new Map<Side, Timing[]>(sides.map((side) => [side, []]));
    let size = { numTexts: 0, numTokens: 0 };
    // Round -1 warms up.
    for (let round = -1; round < Number(values.rounds); round++) {
      const texts = textsOf(lengths, 7 + round);
      size = { numTexts: texts.length, numTokens: texts.flat().length };
      for (const side of sides) {
        const timing = await side.run(texts);
        if (round >= 0) timings.get(side)?.push(timing);
      }
    }
    lines.push(lineOf(label, size, timings));
  }
  return lines;
}

interface RoundSize {
  readonly numTexts: number;
  readonly numTokens: number;
}

function lineOf(
  label: string,
  { numTexts, numTokens }: RoundSize,
  timings: ReadonlyMap<Side, Timing[]>,
): Line {
  const [own = [], ...others] = timings.values();
  const names = [...timings.keys()].map(({ name }) => name);
  const named = <T>(all: readonly T[], from: number) =>
    Object.fromEntries(all.map((value, i) => [names[from + i] ?? '', value]));
  const rates = [...timings.values()].map((all) =>
    median(all.map(({ wallMs }) => (1000 * numTokens) / wallMs)),
  );
  const ratios = others.map((other) =>
    median(other.map(({ wallMs }, round) => wallMs / (own[round]?.wallMs ?? NaN))),
  );
  const cosines = others.map((other) => leastCosine(own, other));
  return {
    label,
    numTexts,
    rates: named(rates, 0),
    ratios: named(ratios, 1),
    cosines: named(cosines, 1),
  };
}

/** Of vectors of length 1. */
function leastCosine(a: readonly Timing[], b: readonly Timing[]): number {
  const all = a.flatMap(({ vectors }, round) =>
    vectors.map((vector, i) => dot(vector, b[round]?.vectors[i] ?? [])),
  );
  return Math.min(...all);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? NaN), 0);
}

function print(lines: readonly Line[], facts: object): void {
  console.log(JSON.stringify({ bench: 'embed', ...facts, ...machineFacts(), lines }));
  const sides = Object.keys(lines[0]?.rates ?? {});
  const peers = sides.slice(1);
  const header = ['tok/s', 'texts', ...sides, ...peers.flatMap((name) => [`/ ${name}`, 'cosine'])];
  const rows = lines.map(({ label, numTexts, rates, ratios, cosines }) => [
    label,
    `${numTexts}`,
    ...sides.map((name) => (rates[name] ?? NaN).toFixed(0)),
    ...peers.flatMap((name) => [
      (ratios[name] ?? NaN).toFixed(2),
      (cosines[name] ?? NaN).toFixed(4),
    ]),
  ]);
  console.log(table(header, rows));
}

async function main(): Promise<void> {
  const folder = values['model-path'];
  if (folder === undefined) throw new Error('--model-path FOLDER is needed');
  const { threads, openvino, onnxruntime } = values;
  const asked = [
    { python: openvino, script: 'openvino', precisions: values.precision },
    { python: onnxruntime, script: 'onnxruntime', precisions: values['onnxruntime-precision'] },
  ];
  const peers: PythonPeer[] = [];
  for (const { python, script, precisions } of asked) {
    for (const precision of python === undefined ? [] : precisions) {
      const args = [folder, threads, precision];
      peers.push(await startPythonPeer(python ?? '', `embed/${script}_embedder.py`, args));
    }
  }
  const flags = ['--is-embedding', '--model-path', folder, '--num-threads', threads];
  const server = await startRadish([...flags, ...positionals]);
  const sides = [radishSide(server), ...peers.map(peerSide)];
  const lines = await measure(sides).finally(async () => {
    server.client.close();
    await Promise.all([server.stop(), ...peers.map((peer) => peer.close())]);
  });
  print(lines, {
    model: basename(folder),
    format: server.format,
    threads,
    encoding: values.encoding,
  });
}

await main();
