/**
 * Quality against speed of every format of ours and of llama.cpp's, on one model:
 * `node dist/test/bench/quality/page.js --model FOLDER --llama-cpp FOLDER [--formats int4,Q4_K_M] [--only quality]`.
 * Writes results.json beside this file's source, and the page in docs that is made of it. See ../README.md.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

import { folderFiles } from '../../../src/core/named-files.js';
import { Tokenizer } from '../../../src/text/tokenizer.js';
import { benchCacheDir } from '../lib/cache-dir.js';
import { secondHalves } from './compare.js';
import {
  chosenFormats,
  type LlamaFormat,
  type PageFormat,
  type RadishFormat,
} from './page/formats.js';
import { LlamaTools, WINDOW } from './page/llama-tools.js';
import { copyFacts, llamaQuality, radishQuality } from './page/measure-quality.js';
import { measureSpeed } from './page/measure-speed.js';
import { PageModels } from './page/models.js';
import {
  joined,
  readResults,
  thisMachine,
  thisOrigin,
  withPoints,
  writeResults,
  type Point,
  type Results,
} from './page/results.js';
import { writePage } from './page/write-page.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    name: { type: 'string' },
    'llama-cpp': { type: 'string' },
    formats: { type: 'string' },
    only: { type: 'string' },
    'add-rounds': { type: 'boolean', default: false },
    text: { type: 'string', default: join('test', 'bench', 'quality', 'prose.txt') },
    work: { type: 'string', default: join(benchCacheDir(), 'quality') },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '64' },
    threads: { type: 'string', default: '2' },
  },
});

/** What test/bench/lib/fetch-llama-server.sh builds. */
const LLAMA_CPP = 'llama-cpp-python 0.3.36';

async function main(model: string, llamaCpp: string): Promise<void> {
  const formats = chosenFormats(values.formats);
  const tools = new LlamaTools(llamaCpp, values.threads);
  const peers = { models: new PageModels(model, values.work, tools), tools };
  const tokenizer = await Tokenizer.load(folderFiles(model));
  const tokens = [...(await tokenizer.encode(await readFile(values.text, 'utf8')))];
  let results = readResults() ?? freshResults(model, tokens);
  if (values.only !== 'speed') results = await withQuality(results, formats, peers, tokens);
  if (values.only !== 'quality') results = await withSpeed(results, formats, peers);
  writeResults(results);
  writePage(results);
}

interface Peers {
  readonly models: PageModels;
  readonly tools: LlamaTools;
}

async function withQuality(
  results: Results,
  formats: readonly PageFormat[],
  { models, tools }: Peers,
  tokens: readonly number[],
): Promise<Results> {
  const { text } = values;
  const forRadish = { windows: secondHalves(tokens, WINDOW), threads: Number(values.threads) };
  const ours = formats.filter((format): format is RadishFormat => format.engine === 'radish');
  const theirs = formats.filter((format): format is LlamaFormat => format.engine !== 'radish');
  const radish = await radishQuality(ours, models, forRadish);
  const llama = await llamaQuality(theirs, { models, tools }, { text, tokens });
  const points = formats.map(({ id, engine }): Point => {
    const measured = radish.get(id) ?? llama.points.get(id);
    if (measured === undefined) throw new Error(`${id} was not measured`);
    const speed = pointOf(results, id)?.speed ?? null;
    return { id, engine, ...measured, quality: { ...measured.quality, ...thisOrigin() }, speed };
  });
  if (!radish.has('none') || llama.perplexity === null) return withPoints(results, points);
  const copy = { ...(await copyFacts(models, forRadish)), llamaPerplexity: llama.perplexity };
  return withPoints({ ...results, copy }, points);
}

async function withSpeed(
  results: Results,
  formats: readonly PageFormat[],
  peers: Peers,
): Promise<Results> {
  const { threads, rounds, steps } = values;
  const size = { rounds: Number(rounds), steps: Number(steps) };
  requireMachine(results);
  const speeds = await measureSpeed(formats, peers, { threads, ...size });
  const points = formats.map(({ id }): Point => {
    const point = pointOf(results, id);
    const speed = speeds.get(id);
    if (point === undefined) throw new Error(`the quality of ${id} was not measured`);
    if (speed === undefined) throw new Error(`${id} was not timed`);
    const before = values['add-rounds'] ? point.speed : null;
    const all = before === null ? speed : joined(before, speed);
    return { ...point, speed: { ...all, ...thisOrigin() } };
  });
  return withPoints({ ...results, machine: thisMachine() }, points);
}

/** Speeds of two machines do not go on one page. */
function requireMachine({ machine, points }: Results): void {
  const isTimed = points.some(({ id, speed }) => speed !== null && !isChosen(id));
  const { cpu, cores } = thisMachine();
  if (!isTimed || (machine.cpu === cpu && machine.cores === cores)) return;
  throw new Error(`the other formats were timed on ${machine.cores} cores of ${machine.cpu}`);
}

function isChosen(id: string): boolean {
  return chosenFormats(values.formats).some((format) => format.id === id);
}

function pointOf({ points }: Results, id: string): Point | undefined {
  return points.find((point) => point.id === id);
}

function freshResults(model: string, tokens: readonly number[]): Results {
  const windows = secondHalves(tokens, WINDOW);
  const rows = windows.reduce((total, { next }) => total + next.length, 0);
  const setting = { window: WINDOW, rows, threads: Number(values.threads), llamaCpp: LLAMA_CPP };
  return {
    model: values.name ?? basename(model),
    setting,
    machine: thisMachine(),
    copy: null,
    points: [],
  };
}

const { model, 'llama-cpp': llamaCpp } = values;
if (model === undefined || llamaCpp === undefined) {
  throw new Error('--model FOLDER and --llama-cpp FOLDER are needed');
}
await main(model, llamaCpp);
