import { median } from '../../lib/report.js';
import { nameOf } from './formats.js';
import type { Point, Results } from './results.js';

const START = '<!-- measured:start -->';
const END = '<!-- measured:end -->';

/** The page with the tables between its markers made of the results. @throws without markers */
export function withTables(document: string, results: Results): string {
  const start = document.indexOf(START);
  const end = document.indexOf(END);
  if (start < 0 || end < start) throw new Error(`The page has no ${START} … ${END}.`);
  const before = document.slice(0, start + START.length);
  return `${before}\n\n${measuredTable(results)}\n\n${typesTable(results)}\n\n${document.slice(end)}`;
}

/** Below it a number of digits says nothing. */
const EXACT = 1e-4;
const HEADER = ['format', 'KL', 'same top-1', 'bits', 'MiB', 'B = 1', 'B = 8', 'prefill'];

function measuredTable({ points }: Results): string {
  return markdownTable(HEADER, points.map(row));
}

function row({ id, engine, quality, size, speed }: Point): string[] {
  const rate = (rounds: readonly number[] | undefined) =>
    rounds === undefined ? '–' : median(rounds).toFixed(0);
  const name = engine === 'radish' ? `Radish \`${nameOf(id)}\`` : `llama.cpp ${nameOf(id)}`;
  return [
    name,
    shownKl(quality),
    `${(100 * quality.sameTop1).toFixed(1)} %`,
    `${size.layerBits.toFixed(2)}; ${size.linearBits.toFixed(2)}`,
    size.weightMiB.toFixed(0),
    rate(speed?.decode1),
    rate(speed?.decode8),
    rate(speed?.prefill),
  ];
}

function shownKl({ kl, klError }: Point['quality']): string {
  if (kl < EXACT) return kl === 0 ? '0' : kl.toExponential(0);
  const digits = kl < 0.01 ? 4 : 3;
  return `${kl.toFixed(digits)} ± ${klError.toFixed(digits)}`;
}

/** What llama-quantize made of each of its names. */
function typesTable({ points }: Results): string {
  const rows = points.flatMap(({ id, engine, size }) => {
    if (engine === 'radish' || size.types === undefined) return [];
    const types = Object.entries(size.types).toSorted(([, a], [, b]) => b - a);
    const said = types.map(([type, count]) => `${count} ${type}`).join(', ');
    return [[nameOf(id), said, size.headType ?? '']];
  });
  return markdownTable(['name', "types of the layers' matrices", 'head'], rows);
}

/** Padded as the formatter does. */
function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}
