import { UsageError } from '../../config/flag-spec.js';
import { camelCase } from '../../config/server-args.js';
import type { CommandOption } from '../command.js';

/** How an answer may be sampled: a flag of `chat` and `run`, and a `/set` of a conversation. */
export interface SamplingSetting {
  /** The field of an OpenAI body; its flag has dashes. */
  readonly name: string;
  /** How its value is shown. */
  readonly placeholder: string;
  readonly help: string;
  /** The field's value. @throws UsageError that names what was typed as `source` */
  readonly read: (text: string, source: string) => unknown;
}

interface Range {
  readonly min: number;
  readonly max?: number;
}

/** Servers check the rest: what they take differs. */
export const SAMPLING: readonly SamplingSetting[] = [
  setting('temperature', 'How freely to choose; 0 = always the likeliest.', number({ min: 0 })),
  setting('top_p', 'Choose among the likeliest, so many in sum.', number({ min: 0, max: 1 })),
  setting('top_k', 'Choose among so many; -1 = all.', integer({ min: -1 })),
  setting(
    'min_p',
    "Leave out what is below this share of the likeliest's.",
    number({ min: 0, max: 1 }),
  ),
  setting('repetition_penalty', 'Above 1: repeat less.', number({ min: 0, max: 2 })),
  setting('frequency_penalty', 'Repeat less, the more often.', number({ min: -2, max: 2 })),
  setting('presence_penalty', 'Repeat less.', number({ min: -2, max: 2 })),
  setting('max_tokens', 'Tokens of an answer at most.', integer({ min: 1 })),
  setting('seed', 'The same seed draws the same answer.', integer({ min: 0 })),
  {
    name: 'stop',
    placeholder: 'text',
    help: 'Text that ends an answer, or a JSON list of texts.',
    read: readStop,
  },
];

/** The table as flags. */
export const SAMPLING_OPTIONS: readonly CommandOption[] = SAMPLING.map((one) => ({
  flags: `${flagOf(one)} <${one.placeholder}>`,
  help: one.help,
}));

/** Fields of a body, of a command's own flags. @throws UsageError */
export function samplingFields(
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const given = SAMPLING.flatMap((one) => {
    const text = options[camelCase(flagOf(one).slice(2))];
    return typeof text === 'string' ? [[one.name, one.read(text, flagOf(one))] as const] : [];
  });
  return Object.fromEntries(given);
}

function setting(name: string, help: string, read: SamplingSetting['read']): SamplingSetting {
  return { name, placeholder: 'n', help, read };
}

function flagOf({ name }: SamplingSetting): string {
  return `--${name.replaceAll('_', '-')}`;
}

function number(range: Range): SamplingSetting['read'] {
  return (text, source) => inRange({ text, source, range, kind: 'a number' }, Number.isFinite);
}

function integer(range: Range): SamplingSetting['read'] {
  return (text, source) =>
    inRange({ text, source, range, kind: 'an integer' }, Number.isSafeInteger);
}

interface Typed {
  readonly text: string;
  readonly source: string;
  readonly range: Range;
  readonly kind: string;
}

function inRange(
  { text, source, range, kind }: Typed,
  isRight: (value: number) => boolean,
): number {
  const { min, max = Infinity } = range;
  const value = text.trim() === '' ? NaN : Number(text);
  if (isRight(value) && value >= min && value <= max) return value;
  const bounds = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new UsageError(`${source} must be ${kind} ${bounds}, got '${text}'.`);
}

/** Text as it is, or JSON where it begins as JSON does: `"\n\n"`, `["a", "b"]`. */
function readStop(text: string, source: string): string | readonly string[] {
  if (!/^["[]/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string') return value;
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  } catch {
    // Said below.
  }
  throw new UsageError(`${source} must be text or a JSON list of texts, got '${text}'.`);
}
