/** A wrong command line, environment variable or config file: one sentence and exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

/** The same of an option that a program gave. */
export class OptionError extends UsageError {
  override readonly name = 'OptionError';
  /** Its camelCase name. */
  readonly option: string;

  constructor(message: string, option: string) {
    super(message);
    this.option = option;
  }
}

/** One server argument: how it is spelled, read, defaulted and explained. */
export interface FlagSpec<T = unknown> {
  /** `items`: words, or JSON objects. `buckets`: ascending numbers. `bucketRule`: words, as core/bucket-rule.ts reads them. `key`: a header's value. */
  readonly type:
    | 'string'
    | 'key'
    | 'words'
    | 'items'
    | 'int'
    | 'float'
    | 'bool'
    | 'json'
    | 'choice'
    | 'buckets'
    | 'bucketRule';
  readonly default: T;
  readonly help: string;
  /** Other spellings, with their dashes. */
  readonly aliases: readonly string[];
  readonly choices: readonly string[];
  /** Choices beside these that help does not list. */
  readonly unlistedChoices: readonly string[];
  /** SGLang's other choices: accepted with a warning, and the default is used. */
  readonly foreignChoices: readonly string[];
  /** SGLang's other choices that nothing here can stand for: refused by name. */
  readonly missingChoices: readonly string[];
  readonly min: number;
  readonly max: number;
  /** Never shown by an info endpoint. */
  readonly isSecret: boolean;
}

export interface FlagOptions {
  readonly aliases?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly isSecret?: boolean;
  readonly unlistedChoices?: readonly string[];
  readonly foreignChoices?: readonly string[];
  readonly missingChoices?: readonly string[];
}

function flag<T>(
  type: FlagSpec['type'],
  value: T,
  help: string,
  options: FlagOptions & { choices?: readonly string[] },
): FlagSpec<T> {
  return {
    type,
    default: value,
    help,
    aliases: options.aliases ?? [],
    choices: options.choices ?? [],
    unlistedChoices: options.unlistedChoices ?? [],
    foreignChoices: options.foreignChoices ?? [],
    missingChoices: options.missingChoices ?? [],
    min: options.min ?? -Infinity,
    max: options.max ?? Infinity,
    isSecret: options.isSecret ?? false,
  };
}

export function string(help: string, options: FlagOptions = {}): FlagSpec<string | null> {
  return flag<string | null>('string', null, help, options);
}

/** Never shown, and such that every client can send it in a header. */
export function key(help: string): FlagSpec<string | null> {
  return flag<string | null>('key', null, help, { isSecret: true });
}

/** Never shown. */
export function secret(help: string): FlagSpec<string | null> {
  return flag<string | null>('string', null, help, { isSecret: true });
}

/** Several words; none by default. */
export function words(help: string): FlagSpec<readonly string[]> {
  return flag<readonly string[]>('words', [], help, {});
}

/** Several words or JSON objects, each as its text; none by default. */
export function items(help: string): FlagSpec<readonly string[]> {
  return flag<readonly string[]>('items', [], help, {});
}

export function stringOr(value: string, help: string, options: FlagOptions = {}): FlagSpec<string> {
  return flag('string', value, help, options);
}

export function int(value: number, help: string, options: FlagOptions = {}): FlagSpec<number> {
  return flag('int', value, help, options);
}

export function optionalInt(help: string, options: FlagOptions = {}): FlagSpec<number | null> {
  return flag<number | null>('int', null, help, options);
}

export function float(value: number, help: string, options: FlagOptions = {}): FlagSpec<number> {
  return flag('float', value, help, options);
}

export function optionalFloat(help: string, options: FlagOptions = {}): FlagSpec<number | null> {
  return flag<number | null>('float', null, help, options);
}

export function bool(help: string, options: FlagOptions = {}): FlagSpec<boolean> {
  return flag('bool', false, help, options);
}

export function choice<const C extends string, const U extends string = never>(
  choices: readonly C[],
  value: NoInfer<C>,
  help: string,
  options: FlagOptions & { readonly unlistedChoices?: readonly U[] } = {},
): FlagSpec<C | U> {
  return flag<C | U>('choice', value, help, { ...options, choices });
}

export function optionalChoice<const C extends string>(
  choices: readonly C[],
  help: string,
  options: FlagOptions = {},
): FlagSpec<C | null> {
  return flag<C | null>('choice', null, help, { ...options, choices });
}

export function json(help: string): FlagSpec<Readonly<Record<string, unknown>> | null> {
  return flag<Readonly<Record<string, unknown>> | null>('json', null, help, {});
}

export function buckets(help: string): FlagSpec<readonly number[] | null> {
  return flag<readonly number[] | null>('buckets', null, help, {});
}

export function bucketRule(help: string): FlagSpec<readonly string[] | null> {
  return flag<readonly string[] | null>('bucketRule', null, help, {});
}

const LISTS: ReadonlySet<FlagSpec['type']> = new Set(['buckets', 'bucketRule', 'words', 'items']);

/** Takes several words of the command line. */
export function isList({ type }: FlagSpec): boolean {
  return LISTS.has(type);
}

/** The default as help and tables show it, or null when there is none to show. */
export function shownDefault({ type, default: value }: FlagSpec): string | null {
  if (value === null || type === 'bool' || type === 'words' || type === 'items') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
