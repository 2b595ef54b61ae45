import type { AltUpPlan, StreamsPlan } from '../../plan/streams.js';
import type { ConfigFields } from '../config-fields.js';
import type { ModelConfig } from '../model-config.js';
import { isOfVersion5 } from '../saved-by.js';
import { Names } from './names.js';
import { norm, type NormStyle } from './norm.js';
import type { LayerPlace } from './place.js';

export interface AltUpTraits {
  readonly numStreams: number;
  readonly active: number;
  readonly clip: number | null;
  readonly hasOutputGain: boolean;
  readonly laurelRank: number;
  readonly norm: NormStyle;
}

export function readAltUp(fields: ConfigFields, style: NormStyle): AltUpTraits {
  const numStreams = fields.size('altup_num_inputs', 4);
  const active = fields.count('altup_active_idx', 0);
  if (active >= numStreams) {
    fields.fail('altup_active_idx', `less than "altup_num_inputs" (${numStreams})`);
  }
  return {
    numStreams,
    active,
    // Version 5 of transformers clips in training alone.
    clip: isOfVersion5(fields) ? null : fields.positiveOrNull('altup_coef_clip', 120),
    hasOutputGain: fields.boolean('altup_correct_scale', true),
    laurelRank: fields.size('laurel_rank', 64),
    norm: style,
  };
}

/** Between the embedding and the layers, and behind them. */
export function streams(
  { hiddenSize }: ModelConfig,
  { numStreams, active }: AltUpTraits,
): StreamsPlan {
  const names = new Names('streams', 'model');
  const linears = (name: string, module: string) =>
    Array.from({ length: numStreams - 1 }, (_, at) =>
      names.linear(`${name}.${at}`, {
        in: hiddenSize,
        parts: [[`${module}.${at}`, hiddenSize]],
        bias: false,
      }),
    );
  return {
    enter: linears('enter', 'altup_projections'),
    leave: linears('leave', 'altup_unembed_projections'),
    active,
  };
}

export function altUp(
  { names: layer, config: { hiddenSize } }: LayerPlace,
  { numStreams, clip, hasOutputGain, laurelRank, norm: style }: AltUpTraits,
): AltUpPlan {
  const names = layer.below('altup', 'altup');
  const laurel = layer.below('laurel', 'laurel');
  const linear = (at: Names, name: string, module: string, from: number, to: number) =>
    at.linear(name, { in: from, parts: [[module, to]], bias: false });
  const square = numStreams * numStreams;
  return {
    router: linear(names, 'router', 'modality_router', hiddenSize, numStreams),
    norm: norm(names, style, { name: 'norm', module: 'router_norm', width: hiddenSize }),
    prediction: names.tensor('prediction', 'prediction_coefs.weight', [square, numStreams]),
    correction: names.tensor('correction', 'correction_coefs.weight', [numStreams, numStreams]),
    clip,
    outputGain: hasOutputGain
      ? names.tensor('output_gain', 'correct_output_scale', [hiddenSize])
      : null,
    laurel: {
      down: linear(laurel, 'down', 'linear_left', hiddenSize, laurelRank),
      up: linear(laurel, 'up', 'linear_right', laurelRank, hiddenSize),
      norm: norm(laurel, style, { name: 'norm', module: 'post_laurel_norm', width: hiddenSize }),
    },
  };
}
