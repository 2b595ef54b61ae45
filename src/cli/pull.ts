import { dirname } from 'node:path';
import { isGgufFile, partNames } from '../model/source/gguf/split.js';
import { loadHostEnv } from '../config/load.js';
import { shownBytes } from '../core/shown-size.js';
import { StartupError } from '../core/errors.js';
import type { Logger } from '../observability/logger.js';
import type { CliCommand, Surroundings } from './command.js';
import { endedBy, endingSignal } from './ending-signal.js';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.js';
import { modelWords, requireRevision, shownModel, type ModelWord } from './model-word.js';
import { terminalLog } from './terminal-log.js';

export const pullCommand: CliCommand = {
  name: 'pull',
  summary: "Download models into the hub's cache",
  about: [
    'Only the files that a server reads, or one GGUF file. Prints where each is; a',
    'download that was interrupted goes on where it stopped. HF_HUB_CACHE,',
    'HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE count.',
  ].join('\n'),
  words: [{ name: 'MODEL[@REVISION]', kind: 'rest' }],
  options: [
    { flags: '--revision <revision>', help: 'Branch, tag or commit of those without an @.' },
  ],
  serverFlags: 'none',
  examples: [
    'radish pull HuggingFaceTB/SmolLM2-135M-Instruct',
    'radish pull Qwen/Qwen3-0.6B@main BAAI/bge-small-en-v1.5',
    'radish pull Qwen/Qwen3-0.6B-GGUF:Q8_0',
    'radish serve --model-path "$(radish pull Qwen/Qwen3-0.6B)"',
  ],
  run: async ({ words, options }, surroundings) => {
    const { revision } = options;
    const preset = typeof revision === 'string' ? requireRevision(revision) : null;
    const models = modelWords(words, 'pull').map((model) => ({
      ...model,
      revision: model.revision ?? preset,
    }));
    return pullAll(models, surroundings);
  },
};

/** One after another; one that fails does not keep the next from coming. */
async function pullAll(models: readonly ModelWord[], { out, err }: Surroundings): Promise<number> {
  const env = loadHostEnv();
  const log = terminalLog(err, { level: 'info', format: 'plain' });
  const ending = endingSignal();
  let code = EXIT_OK;
  for (const model of models) {
    try {
      out.write(`${await pull(model, { env, log, signal: ending })}\n`);
    } catch (error) {
      if (ending.aborted) return ended(model, ending, log);
      if (!(error instanceof StartupError)) throw error;
      log.error(error.message);
      code = EXIT_FAILED;
    }
  }
  return code;
}

interface PullContext {
  readonly env: ReturnType<typeof loadHostEnv>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** @returns the folder. @throws ModelLoadError */
async function pull(model: ModelWord, { env, log, signal }: PullContext): Promise<string> {
  const { BUILT_IN_NAME, fetchFromHub, findFolder } = await import('../fleet/find-folder.js');
  const { whyNotServed } = await import('../model/servable.js');
  const context = { args: { revision: model.revision }, env, log, signal };
  if (model.repo === BUILT_IN_NAME) {
    log.info(`${BUILT_IN_NAME} comes with Radish.`);
    return findFolder(context, BUILT_IN_NAME);
  }
  const startMs = performance.now();
  const { folder, from } = await fetchFromHub(context, model.repo);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const did = from === 'cache' ? 'is already there' : `is there now (${seconds} s)`;
  log.info(`${shownModel(model)} ${did}: ${shownBytes(await bytesOf(folder))}.`);
  const obstacle = await whyNotServed(folder);
  if (obstacle !== null) log.warn(`Radish cannot serve it: ${obstacle}.`);
  return folder;
}

/** Of a folder, or of a GGUF file with all that it is split into. */
async function bytesOf(path: string): Promise<number> {
  const { filesBelow } = await import('../model/source/hub-inventory.js');
  const parts = isGgufFile(path) ? partNames(path) : null;
  const below = await filesBelow(parts === null ? path : dirname(path));
  const files = parts === null ? below : below.filter((file) => parts.includes(file.path));
  return [...new Map(files.map((file) => [file.target, file.bytes])).values()].reduce(
    (sum, bytes) => sum + bytes,
    0,
  );
}

function ended(model: ModelWord, ending: AbortSignal, log: Logger): number {
  const { what, code } = endedBy(ending);
  log.error(
    `${what}. What has come of ${shownModel(model)} is kept: the same command goes on from there.`,
  );
  return code;
}
