import type { KeptRows } from '../weights/kept-rows.js';
import type { JobFiles } from './files.js';
import type { LinearJob } from './job.js';
import { notFinite, scalesOffset, tileRows } from './linear-job.js';

/** Codes, scales and zeros that the checkpoint has. */
export function writeKept(job: LinearJob, files: JobFiles): void {
  const step = tileRows(job);
  let first = 0;
  job.parts.forEach(({ weight }, part) => {
    const blocks = job.kept[part];
    const count = weight.shape[0] ?? 0;
    const end = Math.min(job.end - first, count);
    for (let row = Math.max(0, job.begin - first); row < end && blocks !== undefined; row += step) {
      const rows = { begin: row, end: Math.min(end, row + step) };
      const kept = files.kept(weight, blocks, rows.begin, rows.end);
      writeKeptRows(job, kept, placesOf(job, rows, first), files);
    }
    first += count;
  });
  writeInputOrder(job, files);
}

/** The job of the first rows writes it. */
function writeInputOrder({ kept, inputOrderOffset, begin }: LinearJob, files: JobFiles): void {
  const columns = kept[0]?.columns ?? null;
  if (inputOrderOffset === null || columns === null || begin > 0) return;
  files.write(columns, inputOrderOffset);
}

/** Rows of the whole linear that rows of the part behind `first` others are. */
export function placesOf(
  { rowPlaces }: Pick<LinearJob, 'rowPlaces'>,
  { begin, end }: { readonly begin: number; readonly end: number },
  first: number,
): Uint32Array {
  return Uint32Array.from({ length: end - begin }, (_, at) => {
    const row = begin + at;
    return first + (rowPlaces === null ? row : (rowPlaces[row] as number));
  });
}

function writeKeptRows(
  job: LinearJob,
  { weight, scales, zeroPoints }: KeptRows,
  places: Uint32Array,
  files: JobFiles,
): void {
  if (!scales.every(Number.isFinite)) throw notFinite(job);
  writeRowsAt(places, weight, job.weightOffset, files);
  writeRowsAt(places, scales, scalesOffset(job), files);
  if (job.zeroPointsOffset !== null) writeRowsAt(places, zeroPoints, job.zeroPointsOffset, files);
}

/** Writes each row of a matrix to its place; those that follow each other there are one write. */
function writeRowsAt(
  places: Uint32Array,
  rows: Uint8Array | Float32Array,
  offset: number,
  files: JobFiles,
): void {
  const width = rows.length / places.length;
  let first = 0;
  for (let row = 1; row <= places.length; row++) {
    const place = places[first] as number;
    if (places[row] === place + row - first) continue;
    const run = rows.subarray(first * width, row * width);
    files.write(run, offset + place * width * rows.BYTES_PER_ELEMENT);
    first = row;
  }
}
