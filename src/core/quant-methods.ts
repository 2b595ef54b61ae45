/** What SGLang's `--quantization` calls the ways in which checkpoints are stored. They say nothing of what computes. */
export const QUANT_METHODS = [
  'awq',
  'awq_marlin',
  'auto-round',
  'bitsandbytes',
  'compressed-tensors',
  'fp8',
  'gguf',
  'gptq',
  'gptq_marlin',
  'marlin',
  'modelopt',
  'modelopt_fp4',
  'modelopt_fp8',
  'modelslim',
  'moe_wna16',
  'mxfp4',
  'mxfp8',
  'petit_nvfp4',
  'qoq',
  'quark_int4fp8_moe',
  'w4afp8',
  'w8a8_fp8',
] as const;

export type QuantMethodName = (typeof QUANT_METHODS)[number];

export function isQuantMethod(name: string): name is QuantMethodName {
  return QUANT_METHODS.some((method) => method === name);
}
