import type { ConfigFields } from '../../families/config-fields.js';
import type { ModuleTensors, QuantMethod, QuantScheme, StoredModule } from './quant-method.js';
import { FLOAT_SCALES } from './scaled-weight.js';
import { broken, oneWeight, requirePart, requireShape } from './stored-part.js';
import { evenGroupSize, groupSizeOf } from './word-module.js';

const TILE_INPUTS = 16;
const TILE_OUTPUTS = 64;

/** GPTQ in the order of the Marlin kernel, under a name of its own: `B` has the codes, `s` the scales. */
export const marlin: QuantMethod = { name: 'marlin', open: marlinScheme };

export function marlinScheme(config: ConfigFields): QuantScheme {
  if (config.size('bits', 4) !== 4) config.fail('bits', '4');
  const groupSize = groupSizeOf(config, ['group_size']);
  return (module) => (module.parts.has('B') ? weightOf(module, groupSize) : null);
}

function weightOf(module: StoredModule, configured: number): ModuleTensors {
  const codes = requirePart(module, 'B', ['I32']);
  const scales = requirePart(module, 's', FLOAT_SCALES);
  const [tiles = 0, words = 0] = codes.shape;
  const [inputs, out] = [tiles * TILE_INPUTS, words / 2];
  requireShape(codes, [tiles, words], 'it must be a matrix');
  if (inputs === 0 || out === 0 || out % TILE_OUTPUTS !== 0) {
    throw broken(
      `Tensor '${codes.name}' in ${codes.path} has shape [${codes.shape.join(', ')}]: it must have ` +
        `tiles of ${TILE_INPUTS} inputs and ${TILE_OUTPUTS} outputs.`,
    );
  }
  const [groups = 0] = scales.shape;
  requireShape(scales, [Math.max(1, groups), out], `'${codes.name}' has ${out} outputs`);
  const groupSize = evenGroupSize(scales, inputs, configured);
  const packing = { kind: 'marlin', groupSize, parts: { codes, scales } } as const;
  return oneWeight(module, { codes, shape: [out, inputs], packing });
}
