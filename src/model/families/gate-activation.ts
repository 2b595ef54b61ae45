import { ModelConfigError, type ConfigFields } from './config-fields.js';
import type { GateActivation } from './model-config.js';

const NAMES: Readonly<Record<string, GateActivation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu_pytorch_tanh: 'gelu_tanh',
};

/** Reads `field`, which each family calls its own name. `fallback` is a name as config.json has it. */
export function readGateActivation(
  fields: ConfigFields,
  field: string,
  fallback: string,
): GateActivation {
  const name = fields.text(field, fallback);
  const activation = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  if (activation !== undefined) return activation;
  throw new ModelConfigError(
    `config.json: "${field}" '${name}' is not supported. ` +
      `Supported: ${Object.keys(NAMES).join(', ')}`,
  );
}
