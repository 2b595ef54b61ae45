import type { ModelConfig } from '../../families/model-config.js';
import { ModelLoadError } from '../../load-error.js';
import type { ModelTarget } from '../../target.js';

/** What the paged attention of a provider lacks, for a model that has it. */
type Lack = (config: ModelConfig) => string | null;

const LACKS: readonly (readonly [device: ModelTarget['device'], lack: Lack])[] = [
  [
    'webgpu',
    ({ attentionSoftcap }) =>
      attentionSoftcap === null ? null : 'its attention caps no scores (attn_logit_softcapping)',
  ],
];

/** @throws ModelLoadError where the provider has no operator for a part of the model */
export function requirePaged(config: ModelConfig, { device }: ModelTarget): void {
  for (const [lacking, lack] of LACKS) {
    const clause = lacking === device ? lack(config) : null;
    if (clause === null) continue;
    throw new ModelLoadError(
      'bad_option',
      `--device ${device} cannot run ${config.architecture}: ${clause}. Use --device cpu.`,
    );
  }
}
