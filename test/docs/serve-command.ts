import { makeOfflineHub, type OfflineHub } from '../e2e/offline-hub.js';

const TINY = 'config/tiny';
const WORDPIECE = 'test/fixtures/tokenizers/wordpiece';

/** Who plays the models that the pages name: folders of tiny checkpoints, each laid over the one before. */
const STAND_INS: Readonly<Record<string, readonly string[]>> = {
  'HuggingFaceTB/SmolLM2-135M-Instruct': [TINY],
  'sentence-transformers/all-MiniLM-L6-v2': [WORDPIECE, 'test/fixtures/pooled/bert-mean'],
  'cross-encoder/ms-marco-MiniLM-L6-v2': [WORDPIECE, 'test/fixtures/pooled/bert-cross'],
  'papluca/xlm-roberta-base-language-detection': [WORDPIECE, 'test/fixtures/pooled/bert-labels'],
};

/** A hub's cache that has them, so that commands are run as they stand on the page. */
export const makeStandIns = (): Promise<OfflineHub> => makeOfflineHub(STAND_INS);

interface ServeCommand {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const COMMAND = /^(?<env>(?:[A-Z_]+=\S+ )*)(?:radish serve|npm start(?: --)?)(?<flags>(?: \S+)*)$/;

/** Reads `[NAME=VALUE …] radish serve [FLAGS]`, or `npm start [-- FLAGS]`. @throws Error for anything else */
export function readServeCommand(command: string, where: string): ServeCommand {
  const line = command.replace(/\s*\\\n\s*|\s+/g, ' ');
  const { env, flags } = /["'|&;<>$`]/.test(line) ? {} : (COMMAND.exec(line)?.groups ?? {});
  if (env === undefined || flags === undefined) {
    throw new Error(`${where}: write "radish serve FLAGS" alone, not "${command}".`);
  }
  return {
    flags: flags.split(' ').filter(Boolean),
    env: Object.fromEntries(
      env
        .split(' ')
        .filter(Boolean)
        .map((pair) => pair.split('=', 2)),
    ) as Record<string, string>,
  };
}
