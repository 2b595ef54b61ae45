/**
 * What a draft's journal has of layers that are rounded. A layer is known by its codes; who goes on behind it needs the
 * residual stream there as well, which lies in a file beside the draft's until the next one is written.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';

import { idOf, noteJob, readJournal } from '../journal.js';
import type { LayerRounding } from '../recipe.js';
import { isWritten, type WriteRecord, WriteRecorder } from '../written.js';
import type { LayerJournal } from './layer-task.js';

/** How far a draft's layers are. */
export interface RoundedLayers {
  readonly count: number;
  /** Behind them; null where there are none, or none behind them. */
  readonly stream: Float32Array | null;
}

/** @param path of the journal; `file` has the draft's weights */
export function layerJournals(
  layers: readonly LayerRounding[],
  { path, file }: { readonly path: string; readonly file: string },
): readonly LayerJournal[] {
  return layers.map((layer, at) => {
    const streamPath = at === layers.length - 1 ? null : `${file}.stream${layer.index}`;
    return { path, id: idOfLayer(layer), streamPath };
  });
}

/** The line of the layer comes last: who finds it finds the stream. */
export function noteLayer(
  { path, id, streamPath }: LayerJournal,
  written: WriteRecord,
  stream: Float32Array,
): void {
  if (streamPath !== null) {
    const bytes = new Uint8Array(stream.buffer, stream.byteOffset, stream.byteLength);
    writeFileSync(streamPath, bytes, { mode: 0o600 });
    const behind = idOfStream(id);
    const record = new WriteRecorder(behind);
    record.note(bytes, 0);
    noteJob({ path, id: behind }, record.end());
  }
  noteJob({ path, id }, written);
}

/**
 * The layers from the first on that are in the file as they were noted, up to the last whose stream is there too, or all
 * of them.
 */
export async function roundedLayers(
  journals: readonly LayerJournal[],
  file: string,
): Promise<RoundedLayers> {
  const [{ path } = { path: '' }] = journals;
  const records = await readJournal(path);
  const known: LayerJournal[] = [];
  for (const journal of journals) {
    // It reads some hundred MB of a large layer at once.
    await turn();
    if (!isThere(file, journal.id, records.get(journal.id))) break;
    known.push(journal);
  }
  if (known.length === journals.length) return { count: known.length, stream: null };
  const isUsable = ({ id, streamPath }: LayerJournal): boolean =>
    streamPath !== null && isThere(streamPath, idOfStream(id), records.get(idOfStream(id)));
  const last = known.findLastIndex(isUsable);
  const streamPath = known[last]?.streamPath ?? null;
  return { count: last + 1, stream: streamPath === null ? null : await readStream(streamPath) };
}

async function readStream(path: string): Promise<Float32Array> {
  const { buffer, byteOffset, length } = await readFile(path);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + length));
}

/** The same for the same work, whatever file it fills. */
function idOfLayer({ index, jobs, linears }: LayerRounding): string {
  const work = linears.map((linear) => ({
    ...linear,
    target: '',
    source: { ...linear.source, path: '' },
  }));
  return sha256(JSON.stringify([index, jobs.map(idOf), work]));
}

function idOfStream(idOfLayer: string): string {
  return sha256(`stream behind ${idOfLayer}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function isThere(path: string, id: string, record: WriteRecord | undefined): boolean {
  try {
    return record !== undefined && isWritten(path, id, record);
  } catch {
    return false;
  }
}
