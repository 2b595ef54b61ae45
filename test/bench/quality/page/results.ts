import { readFileSync, writeFileSync } from 'node:fs';

import { machineFacts } from '../../lib/report.js';
import type { Quality } from '../divergence.js';
import { PAGE_FORMATS, type PageFormat } from './formats.js';
import type { Size } from './size.js';

/** What page.ts writes, and what the page is made of. */
export interface Results {
  readonly model: string;
  readonly setting: Setting;
  /** Of the speeds. */
  readonly machine: Machine;
  /** Null until a run that measured `none`. */
  readonly copy: CopyFacts | null;
  /** In the order of the table; formats that were not measured are left out. */
  readonly points: readonly Point[];
}

/** How all points were measured. */
export interface Setting {
  /** Tokens that are read at a time; the second half of them is compared. */
  readonly window: number;
  /** Compared positions, of all windows. */
  readonly rows: number;
  readonly threads: number;
  /** Of llama.cpp: the package that its sources come from. */
  readonly llamaCpp: string;
}

interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly isa: string;
}

/** How far the turned copy is from the model itself, both in f32 by Radish. */
export interface CopyFacts {
  readonly kl: number;
  readonly logitDifference: number;
  /** Of the turned copy, by each engine's f32. */
  readonly perplexity: number;
  readonly llamaPerplexity: number;
}

export interface Point {
  readonly id: string;
  readonly engine: PageFormat['engine'];
  /** What Radish computed in; what `auto` chose. */
  readonly format: string;
  readonly size: Size;
  readonly quality: Quality & Origin;
  /** Null until it was timed. */
  readonly speed: (Speed & Origin) | null;
}

/** Tokens per second, a number for each round. */
export interface Speed {
  readonly decode1: readonly number[];
  readonly decode8: readonly number[];
  readonly prefill: readonly number[];
}

export interface Origin {
  /** ISO 8601, the day. */
  readonly date: string;
  readonly commit: string;
}

export const RESULTS_FILE = 'test/bench/quality/results.json';

export function readResults(path = RESULTS_FILE): Results | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Results;
  } catch {
    return null;
  }
}

export function writeResults(results: Results, path = RESULTS_FILE): void {
  writeFileSync(path, `${JSON.stringify(results, roundedNumber, 2)}\n`);
}

/** The rounds of both, as if they were one run. */
export function joined(before: Speed, after: Speed): Speed {
  return {
    decode1: [...before.decode1, ...after.decode1],
    decode8: [...before.decode8, ...after.decode8],
    prefill: [...before.prefill, ...after.prefill],
  };
}

/** The new points in the place of those of the same format. */
export function withPoints(results: Results, points: readonly Point[]): Results {
  const byId = new Map([...results.points, ...points].map((point) => [point.id, point]));
  const inOrder = PAGE_FORMATS.flatMap(({ id }) => byId.get(id) ?? []);
  return { ...results, points: inOrder };
}

export function thisMachine(): Machine {
  const { cpu, cores, isa } = machineFacts();
  return { cpu: String(cpu), cores: Number(cores), isa: String(isa) };
}

export function thisOrigin(): Origin {
  const date = new Date().toISOString().slice(0, 10);
  return { date, commit: String(machineFacts()['commit']) };
}

/** Six digits say all that was measured. */
function roundedNumber(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}
