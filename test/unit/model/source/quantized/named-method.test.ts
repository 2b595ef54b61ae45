import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { QUANT_METHODS, type QuantMethodName } from '../../../../../src/core/quant-methods.js';
import { requireMethod } from '../../../../../src/model/source/quantized/named-method.js';
import { openSource } from '../../../../../src/model/source/registry.js';
import { changeConfig, copyFixture, fixtureFolder } from './fixtures.js';

const PLAIN = join('test', 'fixtures', 'families', 'llama-blocks');
const GGUF = join('test', 'fixtures', 'gguf', 'models', 'llama-blocks-q4_0.gguf');

/** A checkpoint, what its config calls it, and the methods of SGLang's that it is served under. */
const STORED: readonly (readonly [string, string, string, readonly QuantMethodName[]])[] = [
  ['quantized', 'awq-llama', 'awq', ['awq', 'awq_marlin', 'marlin', 'moe_wna16']],
  ['quantized', 'gptq-llama-bits', 'gptq', ['gptq', 'gptq_marlin', 'marlin', 'moe_wna16']],
  ['quantized', 'bnb-llama-nf4', 'bitsandbytes', ['bitsandbytes']],
  ['compressed', 'llama-w8a8', 'compressed-tensors', ['compressed-tensors', 'w8a8_fp8']],
  ['fp8', 'qwen3-blocks', 'fp8', ['fp8']],
  ['fp8', 'llama-modelopt', 'modelopt_fp8', ['modelopt', 'modelopt_fp8']],
  ['fp8', 'llama-modelopt-nvfp4', 'modelopt_fp4', ['modelopt', 'modelopt_fp4', 'petit_nvfp4']],
];

/** @returns what is warned of, or the error's sentence */
async function judged(asked: QuantMethodName, folder: string): Promise<string | null> {
  let warning: string | null = null;
  const warn = (message: string): void => {
    warning = message;
  };
  return requireMethod(asked, openSource(folder), warn).then(
    () => warning,
    (error: unknown) => (error as Error).message,
  );
}

for (const [set, name, stored, fitting] of STORED) {
  t.test(`${name} is ${stored}, whatever kernel is named`, async (t) => {
    const folder = fixtureFolder(set, name);
    t.equal(await openSource(folder).quantMethod(), stored);
    for (const asked of QUANT_METHODS) {
      const expected = fitting.includes(asked)
        ? null
        : `Quantization method specified in the model config (${stored}) does not match the quantization method ` +
          `specified in the \`quantization\` argument (${asked}).`;
      t.equal(await judged(asked, folder), expected, asked);
    }
  });
}

t.test('of a plain checkpoint a method is a warning where SGLang would make it so', async (t) => {
  t.equal(await openSource(PLAIN).quantMethod(), null);
  for (const asked of ['fp8', 'bitsandbytes', 'w8a8_fp8', 'compressed-tensors'] as const) {
    t.equal(await judged(asked, PLAIN), `--quantization: ${asked} has no effect in this server.`);
  }
  for (const asked of ['awq', 'gptq_marlin', 'modelopt', 'gguf', 'qoq'] as const) {
    t.equal(
      await judged(asked, PLAIN),
      `Cannot find the config file for ${asked}: --quantization names it, and ${PLAIN} is not quantized.`,
    );
  }
});

t.test('a GGUF file is what it is', async (t) => {
  t.equal(await judged('gguf', GGUF), null);
  t.equal(await judged('awq', GGUF), '--quantization: awq has no effect in this server.');
});

t.test("a tool's own file names its method", async (t) => {
  const folder = await copyFixture(t, 'quantized', 'gptq-llama-bits');
  await changeConfig(folder, null);
  t.match(await judged('gptq', folder), /^Cannot find the config file for gptq: /);
  await writeFile(join(folder, 'quantize_config.json'), '{"bits": 4, "group_size": 32}');
  t.equal(await judged('gptq', folder), null);
  t.match(await judged('awq', folder), /\(gptq\) does not match .* \(awq\)\.$/);
});
