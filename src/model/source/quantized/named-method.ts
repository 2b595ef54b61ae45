import type { QuantMethodName } from '../../../core/quant-methods.js';
import { ModelLoadError } from '../../load-error.js';
import type { ModelSource } from '../model-source.js';

interface NamedMethod {
  /** The `quant_method`s that it fits to: its own, and those for which it is another kernel. */
  readonly fits: readonly string[];
  /** Whether SGLang makes it of a plain checkpoint; otherwise it looks for the file of the tool that wrote it. */
  readonly makesPlain?: true;
}

/** After SGLang's `_verify_quantization`, its `override_quantization_method`s and `get_config_filenames`. */
const NAMED: Readonly<Record<QuantMethodName, NamedMethod>> = {
  awq: { fits: ['awq'] },
  awq_marlin: { fits: ['awq'] },
  'auto-round': { fits: ['auto-round', 'intel/auto-round'] },
  bitsandbytes: { fits: ['bitsandbytes'], makesPlain: true },
  'compressed-tensors': { fits: ['compressed-tensors'], makesPlain: true },
  fp8: { fits: ['fp8'], makesPlain: true },
  gguf: { fits: ['gguf'] },
  gptq: { fits: ['gptq', 'marlin'] },
  gptq_marlin: { fits: ['gptq'] },
  marlin: { fits: ['awq', 'gptq', 'marlin'] },
  modelopt: { fits: ['modelopt', 'modelopt_fp4', 'modelopt_fp8'] },
  modelopt_fp4: { fits: ['modelopt', 'modelopt_fp4'] },
  modelopt_fp8: { fits: ['modelopt', 'modelopt_fp8'] },
  modelslim: { fits: [] },
  moe_wna16: { fits: ['awq', 'gptq'] },
  mxfp4: { fits: ['mxfp4'], makesPlain: true },
  mxfp8: { fits: [], makesPlain: true },
  petit_nvfp4: { fits: ['modelopt', 'modelopt_fp4'] },
  qoq: { fits: [] },
  quark_int4fp8_moe: { fits: [], makesPlain: true },
  w4afp8: { fits: [], makesPlain: true },
  w8a8_fp8: { fits: ['compressed-tensors'], makesPlain: true },
};

/** What a model's weights are, held against `--quantization`. @throws ModelLoadError with SGLang's sentence */
export async function requireMethod(
  asked: QuantMethodName,
  source: ModelSource,
  warn: (message: string) => void,
): Promise<void> {
  const stored = await source.quantMethod();
  const { fits, makesPlain = false } = NAMED[asked];
  if (stored !== null && fits.includes(stored)) return;
  // Of a GGUF file SGLang takes what it is, whatever is named.
  if (stored === 'gguf' || (stored === null && makesPlain)) {
    warn(`--quantization: ${asked} has no effect in this server.`);
    return;
  }
  throw new ModelLoadError(
    'bad_option',
    stored === null
      ? `Cannot find the config file for ${asked}: --quantization names it, and ${source.path} is not quantized.`
      : `Quantization method specified in the model config (${stored}) does not match the quantization method ` +
          `specified in the \`quantization\` argument (${asked}).`,
  );
}
