import { ModelLoadError } from '../load-error.js';
import type { LinearJob } from './job.js';

/** Elements that are worked on at a time: as f32 they stay in a core's second cache through all that is done to them. */
const TILE_ELEMENTS = 64 * 1024;

/** Rows that are worked on at a time. */
export function tileRows(job: LinearJob): number {
  return Math.max(1, Math.floor(TILE_ELEMENTS / job.in));
}

export function notFinite(job: LinearJob): ModelLoadError {
  const names = job.parts.map((part) => `'${part.weight.name}'`).join(', ');
  const path = job.parts[0]?.weight.path ?? '';
  return new ModelLoadError('bad_checkpoint', `A weight of ${names} in ${path} is not finite.`);
}

export function scalesOffset(job: LinearJob): number {
  if (job.scalesOffset === null) throw new Error(`This is a bug: ${job.name} has no scales.`);
  return job.scalesOffset;
}
