import { UsageError } from '../../config/flag-spec.js';
import { loadHostEnv } from '../../config/load.js';
import type { CommandOption, Invocation, Surroundings } from '../command.js';
import type { ChatBackend } from './backend.js';
import { endpointOf, type Keys } from './endpoint.js';
import { loadHere } from './local-backend.js';
import { waitingTo } from './waiting.js';
import { connect } from './remote-backend.js';

/** Which model answers. */
export const BACKEND_OPTIONS: readonly CommandOption[] = [
  {
    flags: '--url <url>',
    help: 'A server of any make that speaks as OpenAI does, instead of a model in this process.',
  },
  {
    flags: '--model <name>',
    help: 'The model: a folder or a repository; with --url its name there.',
  },
  {
    flags: '--api-key <key>',
    help: 'The key of --url. Else RADISH_API_KEY; OPENAI_API_KEY over https, or to this machine.',
  },
];

/** @param model what stands on the command line without a flag. @throws UsageError, ClientError, StartupError */
export async function chooseBackend(
  invocation: Invocation,
  model: string | undefined,
  { err, version }: Pick<Surroundings, 'err' | 'version'>,
): Promise<ChatBackend> {
  const { options, serverArgs } = invocation;
  const { url, model: flag } = options;
  if (model !== undefined && typeof flag === 'string') {
    throw new UsageError(`The model is named twice: ${model} and --model ${flag}.`);
  }
  const named = model ?? (typeof flag === 'string' ? flag : null);
  if (typeof url === 'string') {
    const onWait = waitingTo((sentence) => err.write(`${sentence}\n`));
    return connect(endpointOf(url, keysOf(invocation)), { model: named, onWait });
  }
  const { args, warnings } = serverArgs();
  const here = named === null ? args : { ...args, modelPath: named };
  return loadHere({ args: here, warnings, err, version });
}

/** `--api-key` and what stands for it. @throws UsageError */
export function keysOf({ options, serverArgs }: Invocation): Keys {
  const { apiKey } = options;
  const given = typeof apiKey === 'string' ? apiKey : null;
  return { radish: given ?? serverArgs().args.apiKey, openAi: loadHostEnv().openAiKey };
}
