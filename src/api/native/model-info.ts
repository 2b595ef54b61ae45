import type { ServerArgs } from '../../config/server-args.js';
import type { ServedModel } from '../../engine/served-model.js';

type Fields = Readonly<Record<string, unknown>>;
type Added = (model: ServedModel, args: ServerArgs) => Fields;

/**
 * `/get_model_info` over the releases of SGLang, oldest first: each has only the keys that it added.
 * SGLang's own tests and documentation compare the whole key set, so `--compat` names the release.
 */
const RELEASES: readonly (readonly [ServerArgs['compat'], Added])[] = [
  [
    '2024-11',
    ({ weights, spec }) => ({
      model_path: weights.modelPath,
      is_generation: spec.embedding === null,
    }),
  ],
  ['2025-06', ({ tokenizerPath }) => ({ tokenizer_path: tokenizerPath })],
  [
    '2025-09',
    ({ weights }, { preferredSamplingParams }) => ({
      preferred_sampling_params: preferredSamplingParams,
      weight_version: weights.version,
    }),
  ],
  ['2025-12', () => ({ has_image_understanding: false, has_audio_understanding: false })],
  ['2026', ({ spec }) => ({ model_type: spec.modelType, architectures: [spec.architecture] })],
];

/** What the release `args.compat` answers: the keys of all releases up to it. */
export function renderModelInfo(model: ServedModel, args: ServerArgs): Fields {
  const last = RELEASES.findIndex(([name]) => name === args.compat);
  const fields = RELEASES.slice(0, last + 1).map(([, added]) => added(model, args));
  return Object.assign({}, ...fields) as Fields;
}
