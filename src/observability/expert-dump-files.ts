import { open, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExpertDump, ExpertPass, ExpertRecording } from '../core/expert-recording.js';
import { makeFolders } from '../core/make-folders.js';
import { sweepDrafts, writeWhole } from '../core/owned-drafts.js';
import { expertArrays, identityMap, topkIdsOfLayer } from './expert-arrays.js';
import { writeSafetensors } from './safetensors-writer.js';

/**
 * Writes one dump as `expert_distribution_recorder_<time>` with `.csv`, `.json` and `.safetensors`.
 * @param timeS Unix seconds, for the names
 * @returns the paths
 */
export async function writeExpertDump(
  folder: string,
  dump: ExpertDump,
  timeS: number,
): Promise<readonly string[]> {
  await makeFolders(folder);
  const stem = join(folder, `expert_distribution_recorder_${timeS}`);
  const paths = [`${stem}.csv`, `${stem}.json`, `${stem}.safetensors`] as const;
  const { mode, topK } = dump.recording;
  const facts = { mode, rank: '0', top_k: String(topK) };
  await sweepDrafts(folder);
  await writeWhole(paths[0], (draft) => writeFile(draft, csvOf(dump)));
  await writeWhole(paths[1], (draft) => writeJson(draft, dump));
  await writeWhole(paths[2], (draft) => writeSafetensors(draft, expertArrays(dump), facts));
  return paths;
}

/** One line per layer and expert that was hit, over everything since the start or the last dump. */
export function csvOf({ recording, totals }: ExpertDump): string {
  const { numExperts } = recording;
  const lines = ['layer_id,expert_id,count'];
  totals.forEach((count, i) => {
    if (count > 0) lines.push(`${Math.floor(i / numExperts)},${i % numExperts},${count}`);
  });
  return `${lines.join('\n')}\n`;
}

/** Pass by pass, so that a long recording never holds the thread. */
async function writeJson(path: string, dump: ExpertDump): Promise<void> {
  const { recording } = dump;
  const isStat = recording.mode === 'stat' || recording.mode === 'stat_approx';
  const file = await open(path, 'w');
  try {
    const head = JSON.stringify(isStat ? statHead(recording) : passHead(recording)).slice(0, -1);
    await file.write(`${head},"${isStat ? 'logical_count' : 'records'}":[`);
    await writeItems(file, dump.passes, (pass) =>
      isStat ? matrix(pass.counts, recording.numExperts) : recordOf(pass, recording),
    );
    await file.write(']}\n');
  } finally {
    await file.close();
  }
}

async function writeItems(
  file: FileHandle,
  passes: readonly ExpertPass[],
  render: (pass: ExpertPass) => unknown,
): Promise<void> {
  for (const [index, pass] of passes.entries()) {
    await file.write((index === 0 ? '\n' : ',\n') + JSON.stringify(render(pass)));
  }
}

function statHead({ mode, numLayers, numExperts, topK }: ExpertRecording): object {
  return {
    mode,
    rank: 0,
    num_layers: numLayers,
    num_logical_experts: numExperts,
    top_k: topK,
    average_utilization_rate_over_window: null,
  };
}

function passHead(recording: ExpertRecording): object {
  const { mode, numLayers, numExperts } = recording;
  const map = matrix(identityMap(numLayers, numExperts), numExperts);
  return { mode, last_physical_to_logical_map: map };
}

function recordOf(pass: ExpertPass, recording: ExpertRecording): object {
  const { tokens } = pass;
  const record = {
    forward_pass_id: pass.forwardPassId,
    rank: pass.rank,
    gatherer_key: 'primary',
    global_physical_count: matrix(pass.counts, recording.numExperts),
  };
  if (tokens === null) return record;
  return {
    ...record,
    input_ids: [...tokens.inputIds],
    positions: [...tokens.positions],
    extend_seq_lens: tokens.extendSeqLens.length === 0 ? null : [...tokens.extendSeqLens],
    forward_mode: tokens.forwardMode,
    topk_ids_of_layer: topkIdsOfLayer(recording, tokens).map((ids) => matrix(ids, recording.topK)),
    misc_objects: [],
  };
}

function matrix(values: Uint32Array | Int32Array, width: number): number[][] {
  const rows: number[][] = [];
  for (let at = 0; at < values.length; at += width) rows.push([...values.subarray(at, at + width)]);
  return rows;
}
