import { UsageError } from '../../config/flag-spec.js';
import { camelCase } from '../../config/server-args.js';
import { objectIn } from '../../http/json.js';
import type { CommandOption, Invocation } from '../command.js';
import { DIALECTS, type DialectName } from './dialects.js';
import type { Workload } from './workload.js';

/** What a run is told. */
export interface BenchOptions {
  readonly url: string;
  /** Null = what the server speaks. */
  readonly backend: DialectName | null;
  readonly model: string | null;
  readonly workload: Workload;
  readonly requestRate: number;
  readonly maxConcurrency: number;
  readonly seed: number;
  readonly warmupRequests: number;
  readonly flushesCache: boolean;
  readonly ignoreEos: boolean;
  readonly temperature: number;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly outputFile: string | null;
  readonly outputDetails: boolean;
  readonly tag: string | null;
  readonly asJson: boolean;
}

/** Flags with SGLang's names; numbers with their least value, their greatest one and their default. */
const NUMBERS = {
  'num-prompts': [1, 1_000_000, 64, 'Requests to make.'],
  'random-input-len': [1, 10_000_000, 256, 'Tokens of a prompt at most.'],
  'random-output-len': [1, 10_000_000, 64, 'Tokens of an answer at most.'],
  'random-range-ratio': [0, 1, 0, 'Lengths are drawn from so much of their most up to it.'],
  'gsp-num-groups': [1, 1_000_000, 8, 'Groups of generated-shared-prefix.'],
  'gsp-prompts-per-group': [1, 1_000_000, 8, 'Requests of a group.'],
  'gsp-system-prompt-len': [1, 10_000_000, 256, 'Tokens that the prompts of a group share.'],
  'gsp-question-len': [1, 10_000_000, 32, "Tokens of a prompt's own."],
  'gsp-output-len': [1, 10_000_000, 64, 'Tokens of an answer.'],
  'gsp-range-ratio': [0, 1, 1, 'As random-range-ratio.'],
  'max-concurrency': [1, 1_000_000, Infinity, 'Requests that run at once, at most.'],
  'warmup-requests': [0, 10_000, 1, 'Requests before those that are measured.'],
  temperature: [0, 100, 0, 'Of the sampling.'],
  seed: [0, 2 ** 32 - 1, 42, 'The same seed makes the same prompts and arrivals.'],
} as const satisfies Record<string, readonly [number, number, number, string]>;

/** What is counted in parts. */
const FRACTIONS: ReadonlySet<string> = new Set([
  'random-range-ratio',
  'gsp-range-ratio',
  'temperature',
]);

const DATASETS = ['random', 'generated-shared-prefix'] as const;

export const BENCH_OPTIONS: readonly CommandOption[] = [
  { flags: '--url <url>', help: 'The server. (default: http://127.0.0.1:30000)' },
  {
    flags: `--backend <${Object.keys(DIALECTS).join('|')}>`,
    help: '/generate, /v1/completions or /v1/chat/completions. Default: what the server speaks.',
  },
  { flags: '--model <name>', help: 'Its name at the server. Default: the first one there.' },
  {
    flags: '--api-key <key>',
    help: 'Else RADISH_API_KEY; OPENAI_API_KEY over https, or to this machine.',
  },
  { flags: `--dataset-name <${DATASETS.join('|')}>`, help: 'What prompts are. (default: random)' },
  {
    flags: '--request-rate <n>',
    help: 'Requests a second, as a Poisson process; inf = all at once. (default: inf)',
  },
  ...Object.entries(NUMBERS).map(([name, [, , preset, help]]) => ({
    flags: `--${name} <n>`,
    help: `${help} (default: ${preset === Infinity ? 'no limit' : preset})`,
  })),
  { flags: '--gsp-ordered', help: 'Groups one behind another, not mixed.' },
  { flags: '--disable-ignore-eos', help: 'Answers may end before their length.' },
  { flags: '--flush-cache', help: "Empties the server's cache behind the warm-up." },
  { flags: '--extra-request-body <json>', help: 'Fields for each request.' },
  { flags: '--output-file <file>', help: 'Adds the result to a file, as a line of JSON.' },
  { flags: '--output-details', help: 'Each request too, and its text.' },
  { flags: '--tag <text>', help: 'Stands in the result.' },
  { flags: '--json', help: 'The result as JSON instead of the table.' },
];

/** @throws UsageError */
export function benchOptions(options: Invocation['options']): BenchOptions {
  const text = (name: string): string | null => {
    const value = options[camelCase(name)];
    return typeof value === 'string' ? value : null;
  };
  const number = (name: keyof typeof NUMBERS): number => readNumber(name, text(name));
  const isSet = (name: string): boolean => options[camelCase(name)] === true;
  return {
    url: text('url') ?? 'http://127.0.0.1:30000',
    backend: readChoice('backend', text('backend'), Object.keys(DIALECTS) as DialectName[]),
    model: text('model'),
    workload: readWorkload(text('dataset-name'), number, isSet('gsp-ordered')),
    requestRate: readRate(text('request-rate')),
    maxConcurrency: number('max-concurrency'),
    seed: number('seed'),
    warmupRequests: number('warmup-requests'),
    flushesCache: isSet('flush-cache'),
    ignoreEos: !isSet('disable-ignore-eos'),
    temperature: number('temperature'),
    extra: readObject('extra-request-body', text('extra-request-body')),
    outputFile: text('output-file'),
    outputDetails: isSet('output-details'),
    tag: text('tag'),
    asJson: isSet('json'),
  };
}

function readWorkload(
  name: string | null,
  number: (name: keyof typeof NUMBERS) => number,
  ordered: boolean,
): Workload {
  const kind = readChoice('dataset-name', name, DATASETS) ?? 'random';
  if (kind === 'random') {
    return {
      kind,
      numPrompts: number('num-prompts'),
      inputLen: number('random-input-len'),
      outputLen: number('random-output-len'),
      rangeRatio: number('random-range-ratio'),
    };
  }
  return {
    kind,
    numGroups: number('gsp-num-groups'),
    promptsPerGroup: number('gsp-prompts-per-group'),
    systemPromptLen: number('gsp-system-prompt-len'),
    questionLen: number('gsp-question-len'),
    outputLen: number('gsp-output-len'),
    rangeRatio: number('gsp-range-ratio'),
    ordered,
  };
}

function readNumber(name: keyof typeof NUMBERS, text: string | null): number {
  const [min, max, preset] = NUMBERS[name];
  if (text === null) return preset;
  const value = text.trim() === '' ? NaN : Number(text);
  const isRight = FRACTIONS.has(name) ? Number.isFinite(value) : Number.isInteger(value);
  if (isRight && value >= min && value <= max) return value;
  const kind = FRACTIONS.has(name) ? 'a number' : 'an integer';
  throw new UsageError(`--${name} must be ${kind} from ${min} to ${max}, got '${text}'.`);
}

function readRate(text: string | null): number {
  if (text === null || /^inf(inity)?$/i.test(text)) return Infinity;
  const rate = Number(text);
  if (rate > 0 && rate < Infinity) return rate;
  throw new UsageError(`--request-rate must be a number above 0, or inf, got '${text}'.`);
}

function readChoice<Choice extends string>(
  name: string,
  text: string | null,
  choices: readonly Choice[],
): Choice | null {
  if (text === null) return null;
  const found = choices.find((one) => one === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} must be one of ${choices.join(', ')}, got '${text}'.`);
}

function readObject(name: string, text: string | null): Readonly<Record<string, unknown>> {
  if (text === null) return {};
  const value = objectIn(text);
  if (value !== null) return value;
  throw new UsageError(`--${name} must be a JSON object, got '${text}'.`);
}
