import { UsageError } from '../../config/flag-spec.js';
import type { Conversation } from './conversation.js';
import type { ConversationFile } from './conversation-file.js';
import type { Settings } from './settings.js';

/** What a slash command works on. */
export interface ChatState {
  readonly conversation: Conversation;
  readonly settings: Settings;
  readonly file: ConversationFile;
  /** The model and where it is. */
  readonly model: string;
}

/** What comes of a slash command. */
export type Outcome =
  | { readonly kind: 'said'; readonly lines: readonly string[] }
  | { readonly kind: 'ask'; readonly question: string }
  | { readonly kind: 'leave' };

interface SlashCommand {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** How what follows it is shown. */
  readonly argument?: string;
  readonly help: string;
  /** `argument` is the rest of the line. @throws UsageError, or Error with a sentence */
  readonly run: (argument: string, state: ChatState) => Outcome;
}

const COMMANDS: readonly SlashCommand[] = [
  { name: 'help', aliases: ['?'], help: 'This list.', run: () => said(...helpLines()) },
  {
    name: 'clear',
    help: 'A new conversation; the system message and settings stay.',
    run: (_, { conversation }) => {
      conversation.clear();
      return said('A new conversation.');
    },
  },
  {
    name: 'system',
    argument: 'TEXT',
    help: 'The system message; without TEXT it is shown, /unset system takes it away.',
    run: (text, { conversation }) => {
      if (text === '') return said(conversation.system ?? 'There is no system message.');
      conversation.system = text;
      return said('The system message is set.');
    },
  },
  {
    name: 'set',
    argument: 'NAME VALUE',
    help: 'temperature 0.7, max_tokens 100, stats off; without NAME all are shown.',
    run: set,
  },
  {
    name: 'unset',
    argument: 'NAME',
    help: "Back to the server's own value.",
    run: (name, { conversation, settings }) => {
      if (name === 'system') conversation.system = null;
      else settings.unset(name);
      return said(`${name} is not set.`);
    },
  },
  { name: 'show', help: 'The model, the settings and the conversation so far.', run: show },
  {
    name: 'retry',
    help: 'Another answer to the last message.',
    run: (_, { conversation }) => {
      const question = conversation.takeBack();
      if (question === null) return said('There is no message to answer again.');
      return { kind: 'ask', question };
    },
  },
  {
    name: 'undo',
    help: 'Takes the last message and its answer back.',
    run: (_, { conversation }) => {
      const question = conversation.takeBack();
      return said(question === null ? 'There is nothing to take back.' : `Taken back: ${question}`);
    },
  },
  {
    name: 'save',
    argument: 'FILE',
    help: 'Writes the conversation as JSON messages.',
    run: (path, { conversation, file }) => {
      const messages = conversation.toMessages();
      return said(`${messages.length} messages in ${file.save(path, messages)}.`);
    },
  },
  {
    name: 'load',
    argument: 'FILE',
    help: 'Goes on with a saved conversation instead of this one.',
    run: (path, { conversation, file }) => {
      file.load(path, (messages) => {
        conversation.replace(messages);
      });
      return said(`${conversation.toMessages().length} messages.`);
    },
  },
  {
    name: 'bye',
    aliases: ['exit', 'quit'],
    help: 'Leaves; so does Ctrl-D.',
    run: () => ({ kind: 'leave' }),
  },
];

/** Runs a line that begins with a slash. @throws Error with a sentence for whoever typed it */
export function runSlashCommand(line: string, state: ChatState): Outcome {
  const [, name = '', argument = ''] = /^\/(\S*)\s*([^]*)$/.exec(line) ?? [];
  const command = COMMANDS.find((one) => [one.name, ...(one.aliases ?? [])].includes(name));
  if (command === undefined) throw new UsageError(hint(name));
  return command.run(argument.trim(), state);
}

function said(...lines: readonly string[]): Outcome {
  return { kind: 'said', lines };
}

function hint(name: string): string {
  const near = COMMANDS.find((one) => name !== '' && one.name.startsWith(name.slice(0, 2)));
  const meant = near === undefined ? '' : ` Did you mean /${near.name}?`;
  return `There is no command /${name}.${meant} /help lists them; a message that begins with a slash goes between """.`;
}

function helpLines(): readonly string[] {
  const rows = COMMANDS.map(({ name, argument, aliases = [], help }) => {
    const shown = [`/${name}`, ...aliases.map((alias) => `/${alias}`)].join(', ');
    return [argument === undefined ? shown : `${shown} ${argument}`, help] as const;
  });
  return [...rows, ...KEYS].map(([left, help]) => `  ${left.padEnd(22)} ${help}`);
}

const KEYS: readonly (readonly [string, string])[] = [
  ['"""', 'Begins and ends a message of several lines; a \\ at the end of a line does too.'],
  ['Ctrl-C', 'Stops an answer; what came of it stays. At the prompt: drops the line.'],
  ['Up, Down', 'What was typed before.'],
];

function set(argument: string, { settings }: ChatState): Outcome {
  if (argument === '') return said(...settings.describe());
  const [, name = '', value = ''] = /^(\S+)\s*([^]*)$/.exec(argument) ?? [];
  if (value === '')
    throw new UsageError(`/set ${name} needs a value, such as /set temperature 0.7.`);
  settings.set(name, value);
  return said(`${name} is ${value}.`);
}

function show(_: string, { conversation, settings, model }: ChatState): Outcome {
  const messages = conversation.toMessages().map(({ role, content, interrupted }) => {
    const mark = interrupted === true ? ' (broken off)' : '';
    return `${role}${mark}: ${content}`;
  });
  return said(`Model: ${model}`, 'Settings:', ...settings.describe(), ...messages);
}
