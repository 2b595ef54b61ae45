import { join } from 'node:path';

import { loadHostEnv } from '../../config/load.js';
import { BACKEND_OPTIONS, chooseBackend } from '../client/choose-backend.js';
import { ClientError } from '../client/client-error.js';
import { processInterrupts } from '../client/interrupts.js';
import { SAMPLING_OPTIONS, samplingFields } from '../client/sampling.js';
import type { CliCommand, Invocation, Surroundings } from '../command.js';
import { EXIT_FAILED } from '../exit-codes.js';
import { ConversationFile } from './conversation-file.js';
import { Conversation } from './conversation.js';
import { HISTORY_LINES, HistoryFile } from './history-file.js';
import { PipedInput, type ChatInput } from './input.js';
import { Screen } from './screen.js';
import { Settings } from './settings.js';
import { talk } from './talk.js';
import { TerminalInput } from './terminal-input.js';

export const chatCommand: CliCommand = {
  name: 'chat',
  summary: 'Talk to a model in the terminal',
  about: [
    'Without --url the model is loaded in this process, the built-in one where none is named.',
    '/help lists what can be typed. Each line of a pipe is a message, and the answers alone are written.',
  ].join('\n'),
  words: [{ name: 'MODEL', kind: 'optional' }],
  options: [
    ...BACKEND_OPTIONS,
    { flags: '--system <text>', help: 'The system message.' },
    ...SAMPLING_OPTIONS,
    { flags: '--no-stats', help: 'No counts behind an answer.' },
    { flags: '--no-history', help: 'What is typed is neither read from nor kept in a file.' },
  ],
  serverFlags: 'model',
  examples: [
    'radish chat                             # the built-in model',
    'radish chat HuggingFaceTB/SmolLM2-135M-Instruct --temperature 0',
    'radish chat --url http://127.0.0.1:30000 --system "Answer in one sentence."',
    "echo 'Who are you?' | radish chat --url https://api.example.com/v1 --model small",
  ],
  run: chat,
};

async function chat(invocation: Invocation, surroundings: Surroundings): Promise<number> {
  const { options, words } = invocation;
  const { out, err, input, version } = surroundings;
  const { system } = options;
  const fields = samplingFields(options);
  const isInteractive = input.isTTY === true && out.isTTY === true;
  const { useColor } = loadHostEnv();
  const screen = new Screen({ out, err, isInteractive, useColor });
  try {
    const backend = await chooseBackend(invocation, words[0], surroundings);
    try {
      screen.note(`Radish ${version}, ${backend.describe()}. /help lists commands, Ctrl-D leaves.`);
      const typed = isInteractive ? terminalInput(invocation) : new PipedInput(input);
      const code = await talk({
        backend,
        input: typed,
        screen,
        conversation: new Conversation(typeof system === 'string' ? system : null),
        settings: new Settings(fields, { stats: options['stats'] !== false, reasoning: true }),
        file: new ConversationFile(),
        onInterrupt: processInterrupts,
      });
      typed.close();
      return code;
    } finally {
      await backend.close();
    }
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    err.write(`${error.message}\n`);
    return EXIT_FAILED;
  }
}

/** Of this process, with what was typed in earlier conversations. */
function terminalInput({ options }: Invocation): ChatInput {
  const keepsHistory = options['history'] !== false;
  const history = new HistoryFile(join(loadHostEnv().cacheDir, 'history'));
  return new TerminalInput({
    input: process.stdin,
    out: process.stdout,
    history: keepsHistory ? history.read() : [],
    historySize: HISTORY_LINES,
    onLine: (line) => {
      if (keepsHistory) history.add(line);
    },
  });
}
