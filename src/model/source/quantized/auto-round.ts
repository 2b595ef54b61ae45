import type { ConfigFields } from '../../families/config-fields.js';
import { awqScheme } from './awq.js';
import { GPTQ_FORMATS, gptqScheme } from './gptq.js';
import type { QuantMethod, QuantScheme } from './quant-method.js';

/** By `packing_format`: AutoRound stores what it has rounded as other tools do. */
const PACKINGS: Readonly<Record<string, (config: ConfigFields) => QuantScheme>> = {
  auto_round: (config) => gptqScheme(config, GPTQ_FORMATS.gptq_v2),
  'auto_round:gptqmodel': (config) => gptqScheme(config, GPTQ_FORMATS.gptq_v2),
  'auto_round:auto_gptq': (config) => gptqScheme(config, GPTQ_FORMATS.gptq),
  'auto_round:auto_awq': awqScheme,
};

/** AutoRound's own form; what it exports as GPTQ or AWQ says that it is of these. */
export const autoRound: QuantMethod = {
  name: 'auto-round',
  open: (config) => {
    if (config.count('act_bits', 16) < 16) config.fail('act_bits', '16: inputs are not rounded');
    return config.oneOf('packing_format', PACKINGS, 'auto_round:auto_gptq')(config);
  },
};

/** The name that its first versions wrote. */
export const intelAutoRound: QuantMethod = { ...autoRound, name: 'intel/auto-round' };
