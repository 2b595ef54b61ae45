import { UsageError } from '../config/flag-spec.js';
import { loadHostEnv } from '../config/load.js';
import { StartupError } from '../core/errors.js';
import { logLevelOf } from '../observability/logger.js';
import type { CliCommand, Invocation, Surroundings } from './command.js';
import { endedBy, endingSignal } from './ending-signal.js';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.js';
import { terminalLog } from './terminal-log.js';

export const convertCommand: CliCommand = {
  name: 'convert',
  summary: 'Write a quantized model into a folder that any server loads at once',
  about: [
    'The folder has all that a server needs: configuration, tokenizer, weights in the',
    'form that they are computed in, and what they were made of (radish.json). A server',
    'quantizes nothing then, and needs neither the original nor a cache. Prints the',
    'folder. --quantization auto chooses as a start would.',
  ].join('\n'),
  words: [],
  options: [{ flags: '--out <folder>', help: 'Where to: a folder that is not there, or empty.' }],
  serverFlags: 'model',
  examples: [
    'radish convert --model-path Qwen/Qwen3-0.6B --out qwen3-0.6b-w8a8',
    'radish convert --model-path model.Q8_0.gguf --quantization int4 --out model-int4',
    'radish serve --model-path qwen3-0.6b-w8a8',
  ],
  run: convertModel,
};

async function convertModel(
  { serverArgs, options }: Invocation,
  { out: answers, err }: Surroundings,
): Promise<number> {
  const { out } = options;
  if (typeof out !== 'string' || out === '') {
    throw new UsageError('radish convert needs --out, the folder to write.');
  }
  const { args, warnings } = serverArgs();
  const log = terminalLog(err, { level: logLevelOf(args.logLevel), format: 'plain' });
  for (const warning of warnings) log.warn(warning);
  const signal = endingSignal();
  try {
    const { requireNativeParts } = await import('../boot/native-parts.js');
    await requireNativeParts();
    // Whatever is imported with it needs those parts.
    const { convert } = await import('../boot/convert.js');
    await convert({ args, env: loadHostEnv(), log, out, signal });
  } catch (error) {
    if (signal.aborted) {
      const { what, code } = endedBy(signal);
      log.error(`${what}. ${out} was not written; the same command goes on from what was done.`);
      return code;
    }
    if (!(error instanceof StartupError)) throw error;
    log.error(error.message);
    return EXIT_FAILED;
  }
  answers.write(`${out}\n`);
  return EXIT_OK;
}
