import { UsageError } from '../../config/flag-spec.js';
import { loadHostEnv } from '../../config/load.js';
import type { ChatBackend, ChatMessage } from '../client/backend.js';
import { BACKEND_OPTIONS, chooseBackend } from '../client/choose-backend.js';
import { ClientError } from '../client/client-error.js';
import { processInterrupts } from '../client/interrupts.js';
import { SAMPLING_OPTIONS, samplingFields } from '../client/sampling.js';
import { waitingTo } from '../client/waiting.js';
import type { CliCommand, Invocation, Surroundings } from '../command.js';
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK } from '../exit-codes.js';
import { writeAnswer } from './answer.js';
import { readPrompt } from './prompt.js';
import { responseFormat } from './response-format.js';

/** A text may go on for ever, and servers differ in where they end it. */
const RAW_TOKENS = 128;

export const runCommand: CliCommand = {
  name: 'run',
  summary: 'Answer one prompt on standard output',
  about: [
    'The prompt is the words, or standard input where it is - or piped; with both, the piped text follows an empty',
    'line. Nothing but the answer is written to standard output.',
  ].join('\n'),
  words: [{ name: 'PROMPT', kind: 'rest' }],
  options: [
    ...BACKEND_OPTIONS,
    { flags: '--system <text>', help: 'The system message.' },
    ...SAMPLING_OPTIONS,
    { flags: '--json', help: 'The answer is a JSON object.' },
    { flags: '--schema <file>', help: 'The answer matches the JSON schema in a file.' },
    {
      flags: '--raw',
      help: `What follows the prompt, without the model's chat template: ${RAW_TOKENS} tokens, or --max-tokens.`,
    },
    { flags: '--stats', help: 'Counts on standard error.' },
  ],
  serverFlags: 'model',
  examples: [
    "radish run 'Why is the sky blue?'",
    "radish run 'Summarize:' --url http://127.0.0.1:30000 < notes.txt",
    "radish run --schema person.json --temperature 0 'Ada Lovelace, born 1815' | jq .year",
    "radish run --raw --max-tokens 20 'The capital of France is'",
  ],
  run,
};

async function run(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options, words } = invocation;
  const { out, err } = surroundings;
  const { system } = options;
  const isRaw = options['raw'] === true;
  if (isRaw && system !== undefined) throw new UsageError('--raw has no system message.');
  const fields = {
    ...(isRaw ? { max_tokens: RAW_TOKENS } : {}),
    ...samplingFields(options),
    ...responseFormat(options),
  };
  const prompt = await readPrompt(words, surroundings);
  const stop = new AbortController();
  let backend: ChatBackend | null = null;
  let giveBack = (): void => undefined;
  try {
    backend = await chooseBackend(invocation, undefined, surroundings);
    giveBack = processInterrupts(() => {
      stop.abort();
    });
    const onWait = waitingTo((sentence) => err.write(`${sentence}\n`));
    const asked = { fields, onWait };
    const messages = messagesOf(typeof system === 'string' ? system : null, prompt);
    const deltas = isRaw
      ? backend.complete(prompt, asked, stop.signal)
      : backend.chat(messages, asked, stop.signal);
    const { useColor } = loadHostEnv();
    await writeAnswer(deltas, { out, err, useColor, withStats: options['stats'] === true });
    return stop.signal.aborted ? EXIT_INTERRUPTED : EXIT_OK;
  } catch (error) {
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    if (!(error instanceof ClientError)) throw error;
    err.write(`${error.message}\n`);
    return EXIT_FAILED;
  } finally {
    giveBack();
    await backend?.close();
  }
}

function messagesOf(system: string | null, prompt: string): readonly ChatMessage[] {
  const user = { role: 'user', content: prompt } as const;
  return system === null ? [user] : [{ role: 'system', content: system }, user];
}
