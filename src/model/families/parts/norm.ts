import type { NormPlan } from '../../plan/tensors.js';
import type { ConfigFields } from '../config-fields.js';
import type { Names } from './names.js';

/** What the norms of a network have in common. */
export interface NormStyle extends Pick<NormPlan, 'kind' | 'eps' | 'gainOffset'> {
  readonly hasGain: boolean;
  readonly hasBias: boolean;
}

/** RMSNorm, whose epsilon config.json calls `field`. */
export function rmsNorm(fields: ConfigFields, field = 'rms_norm_eps', fallback = 1e-6): NormStyle {
  const eps = fields.positive(field, fallback);
  return { kind: 'rms', eps, gainOffset: 0, hasGain: true, hasBias: false };
}

/** LayerNorm with gain and bias, whose epsilon config.json calls `field`. */
export function layerNorm(fields: ConfigFields, field: string, fallback = 1e-5): NormStyle {
  const eps = fields.positive(field, fallback);
  return { kind: 'layer', eps, gainOffset: 0, hasGain: true, hasBias: true };
}

/** A norm over `width` elements, which the checkpoint has as `module`. */
export function norm(
  names: Names,
  style: NormStyle,
  {
    name,
    module,
    width,
  }: { readonly name: string; readonly module: string; readonly width: number },
): NormPlan {
  const { kind, eps, gainOffset, hasGain, hasBias } = style;
  return {
    kind,
    eps,
    width,
    gainOffset,
    gain: hasGain ? names.tensor(name, `${module}.weight`, [width]) : null,
    bias: hasBias ? names.tensor(`${name}.bias`, `${module}.bias`, [width]) : null,
  };
}
