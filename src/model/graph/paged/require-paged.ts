import type { DecoderModel } from '../../families/family.js';
import { ModelLoadError } from '../../load-error.js';
import { attentionsOf, hasPlainKv, stateFacts } from '../../plan/facts.js';
import type { ModelTarget } from '../../target.js';

/** What the paged attention of a provider lacks, for a model that has it. */
type Lack = (model: DecoderModel) => string | null;

/** A state that does not grow is in no page. */
const keepsState: Lack = ({ plan }) =>
  stateFacts(plan) === null ? null : 'its layers keep a recurrent state, which only the CPU has';

const hasSinks: Lack = ({ plan }) =>
  attentionsOf(plan).every(({ sinks }) => sinks === null)
    ? null
    : 'its attention has no sinks (the scores that keys compete with)';

/** Rows of a run on pages do not say where they stand. */
const learnsPositions: Lack = ({ plan }) =>
  plan.positions === null ? null : 'its positions are learned';

const placesHeads: Lack = ({ plan }) =>
  attentionsOf(plan).some(({ normsRotated, temperature }) => normsRotated || temperature !== null)
    ? 'its attention needs more of positions than their rotation'
    : null;

const sharesKv: Lack = ({ plan }) =>
  hasPlainKv(plan) ? null : 'its pages are alike, of layers that have each its own keys and values';

const biasesScores: Lack = ({ plan }) =>
  attentionsOf(plan).every(({ alibi }) => alibi === null)
    ? null
    : 'its attention adds no bias to scores (ALiBi)';

const LACKS: readonly (readonly [device: ModelTarget['device'], lack: Lack])[] = [
  ['cuda', keepsState],
  ['webgpu', keepsState],
  ['cuda', hasSinks],
  ['webgpu', hasSinks],
  ['cuda', learnsPositions],
  ['webgpu', learnsPositions],
  ['cuda', placesHeads],
  ['webgpu', placesHeads],
  ['cuda', biasesScores],
  ['webgpu', biasesScores],
  ['cuda', sharesKv],
  ['webgpu', sharesKv],
  [
    'webgpu',
    ({ plan }) =>
      attentionsOf(plan).every(({ softcap }) => softcap === null)
        ? null
        : 'its attention caps no scores (attn_logit_softcapping)',
  ],
];

/** @throws ModelLoadError where the provider has no operator for a part of the model */
export function requirePaged(model: DecoderModel, { device }: ModelTarget): void {
  const clause = pagedObstacle(model, device);
  if (clause === null) return;
  throw new ModelLoadError(
    'bad_option',
    `--device ${device} cannot run ${model.config.architecture}: ${clause}. Use --device cpu.`,
  );
}

/** A clause; null = nothing is in the way. */
export function pagedObstacle(model: DecoderModel, device: ModelTarget['device']): string | null {
  const clauses = LACKS.map(([lacking, lack]) => (lacking === device ? lack(model) : null));
  return clauses.find((clause) => clause !== null) ?? null;
}
