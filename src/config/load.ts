import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { readConfigFile, type ConfigFile } from './config-file.js';
import { loadDriverEnv, type DriverEnv } from './driver-env.js';
import { nonEmpty, type Environment } from './environment.js';
import { OptionError, UsageError, type FlagSpec } from './flag-spec.js';
import { checkValue, parseText } from './parse-value.js';
import {
  camelCase,
  envName,
  flagEntries,
  FLAGS,
  snakeCase,
  type FlagName,
  type ServerArgs,
} from './server-args.js';
import { checkTlsFlags } from './tls-flags.js';
import { KNOWN_UNSUPPORTED } from './unsupported-flags.js';

/** Flags of the command line as text; a switch is `'true'`. */
export type GivenFlags = ReadonlyMap<FlagName, string>;

export interface LoadedArgs {
  readonly args: ServerArgs;
  /** One line per argument that has no effect. */
  readonly warnings: readonly string[];
}

/** Defaults < config file < environment < command line. @throws UsageError */
export function loadServerArgs(
  given: GivenFlags,
  configPath: string | null,
  env: Environment = process.env,
): LoadedArgs {
  const file = configPath === null ? {} : readConfigFile(configPath);
  const warnings = unknownKeys(file, configPath ?? '');
  const values = flagEntries().map(([name, spec]) => {
    const found = findValue(name, { given, file, configPath: configPath ?? '', env });
    if (found === null) return [camelCase(name), spec.default] as const;
    const { value, source } = found;
    if (spec.foreignChoices.some((choice) => choice === value)) {
      warnings.push(`${source}: ${String(value)} has no effect in this server.`);
      return [camelCase(name), spec.default] as const;
    }
    return [camelCase(name), found.read(spec)] as const;
  });
  return { args: checkedArgs(values), warnings };
}

/** Arguments that a program gives by their camelCase names; others have their defaults. @throws OptionError */
export function argsFromValues(given: Readonly<Record<string, unknown>>): ServerArgs {
  const names = new Set<string>(flagEntries().map(([name]) => camelCase(name)));
  const stranger = Object.keys(given).find((name) => !names.has(name));
  if (stranger !== undefined) throw new OptionError(`There is no option '${stranger}'.`, stranger);
  const values = flagEntries().map(([flag, spec]) => {
    const name = camelCase(flag);
    const value = Object.hasOwn(given, name) ? (given[name] ?? null) : null;
    return [name, value === null ? spec.default : checkOption(name, spec, value)] as const;
  });
  return checkedArgs(values);
}

/** @throws OptionError */
function checkOption(name: string, spec: FlagSpec, value: unknown): unknown {
  try {
    return checkValue(spec, value, name);
  } catch (error) {
    throw error instanceof UsageError ? new OptionError(error.message, name) : error;
  }
}

/** The table's types and what read the values agree by construction. @throws UsageError */
function checkedArgs(values: readonly (readonly [name: string, value: unknown])[]): ServerArgs {
  const args = Object.fromEntries(values) as unknown as ServerArgs;
  if (args.chunkedPrefillSize === 0) {
    throw new UsageError('--chunked-prefill-size must be at least 1, or -1 for whole prompts.');
  }
  checkTlsFlags(args);
  return args;
}

interface Sources {
  readonly given: GivenFlags;
  readonly file: ConfigFile;
  readonly configPath: string;
  readonly env: Environment;
}

interface FoundValue {
  readonly value: unknown;
  /** How errors name the place. */
  readonly source: string;
  readonly read: (spec: FlagSpec) => unknown;
}

/** The value that wins, still as it was written; null = none. */
function findValue(name: FlagName, { given, file, configPath, env }: Sources): FoundValue | null {
  const asText = (text: string, source: string): FoundValue => ({
    value: text,
    source,
    read: (spec) => parseText(spec, text, source),
  });
  const flag = given.get(name);
  if (flag !== undefined) return asText(flag, `--${name}`);
  const variable = env[envName(name)];
  if (variable !== undefined) return asText(variable, envName(name));
  const key = keysOf([name, FLAGS[name]]).find((spelling) => Object.hasOwn(file, spelling));
  const value = key === undefined ? null : file[key];
  if (key === undefined || value === null) return null;
  const source = `${key} in ${configPath}`;
  // As on the command line, an object may be written as text.
  if (typeof value === 'string' && FLAGS[name].type === 'json') return asText(value, source);
  return { value, source, read: (spec) => checkValue(spec, value, source) };
}

/** How a config file may spell an argument. */
function keysOf([name, { aliases }]: readonly [string, FlagSpec]): readonly string[] {
  return [name, ...aliases.map((alias) => alias.slice(2))].flatMap((one) => [one, snakeCase(one)]);
}

/** Keys of SGLang that have no effect are a warning, others an error. */
function unknownKeys(file: ConfigFile, path: string): string[] {
  const known = new Set(flagEntries().flatMap(keysOf));
  const unsupported = new Set(KNOWN_UNSUPPORTED.flatMap((name) => [name, snakeCase(name)]));
  return Object.keys(file)
    .filter((key) => !known.has(key))
    .map((key) => {
      if (!unsupported.has(key)) throw new UsageError(`${path} has an unknown key '${key}'.`);
      return `${key} in ${path} has no effect in this server.`;
    });
}

/** What the surroundings say, beside the server's own arguments. */
export interface HostEnv {
  /** `HF_ENDPOINT`, without a slash at the end. */
  readonly hubEndpoint: string;
  readonly hubToken: string | null;
  /** Folder of Hugging Face's hub cache. */
  readonly hubCacheDir: string;
  readonly isHubOffline: boolean;
  /** Folder for what this server keeps between runs. */
  readonly cacheDir: string;
  readonly useColor: boolean;
  /** `TERM=dumb`: no line can be drawn over. */
  readonly isDumbTerminal: boolean;
  /** `OPENAI_API_KEY`, for a server that `--url` names. */
  readonly openAiKey: string | null;
  /** Whether the locale lets a terminal show more than ASCII; true where nothing says. */
  readonly isUtf8: boolean;
  /** `SGLANG_REQ_WAITING_TIMEOUT` and `…_RUNNING_TIMEOUT`, there in seconds; null = none. */
  readonly reqWaitingTimeoutMs: number | null;
  readonly reqRunningTimeoutMs: number | null;
  /** `SGLANG_HEALTH_CHECK_TIMEOUT`, there in seconds: longest that `/health_generate` waits. */
  readonly healthCheckTimeoutMs: number;
  /** `SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR`: folder of expert statistics. */
  readonly expertRecorderDir: string;
  /** `SGLANG_TORCH_PROFILER_DIR`: where profiles go that name no folder. */
  readonly profilerDir: string;
  /** `AIP_PREDICT_ROUTE`: the path at which Vertex AI asks for predictions. */
  readonly predictRoute: string;
  /** `DISABLE_OPENAPI_DOC`: no `/openapi.json` and no `/docs`. */
  readonly hidesOpenApi: boolean;
  /** `SGLANG_OLLAMA_ROOT_ROUTE`: the path that says that Ollama is running; null = none. */
  readonly ollamaRootRoute: string | null;
  /** What speaks to the drivers of GPUs. */
  readonly drivers: DriverEnv;
}

const DEFAULT_HEALTH_CHECK_TIMEOUT_MS = 20_000;

/** Reads {@link HostEnv} as huggingface_hub and SGLang resolve it. @throws UsageError */
export function loadHostEnv(env: Environment = process.env): HostEnv {
  const cacheHome = nonEmpty(env['XDG_CACHE_HOME']) ?? join(homedir(), '.cache');
  const hubHome = nonEmpty(env['HF_HOME']) ?? join(cacheHome, 'huggingface');
  return {
    hubEndpoint: (nonEmpty(env['HF_ENDPOINT']) ?? 'https://huggingface.co').replace(/\/+$/, ''),
    hubToken: nonEmpty(env['HF_TOKEN']),
    hubCacheDir: nonEmpty(env['HF_HUB_CACHE']) ?? join(hubHome, 'hub'),
    isHubOffline: isTrue(env['HF_HUB_OFFLINE']),
    cacheDir: join(cacheHome, 'radish'),
    reqWaitingTimeoutMs: timeoutMs(env, 'SGLANG_REQ_WAITING_TIMEOUT'),
    reqRunningTimeoutMs: timeoutMs(env, 'SGLANG_REQ_RUNNING_TIMEOUT'),
    healthCheckTimeoutMs:
      timeoutMs(env, 'SGLANG_HEALTH_CHECK_TIMEOUT') ?? DEFAULT_HEALTH_CHECK_TIMEOUT_MS,
    useColor: nonEmpty(env['NO_COLOR']) === null,
    isDumbTerminal: env['TERM'] === 'dumb',
    openAiKey: nonEmpty(env['OPENAI_API_KEY']),
    isUtf8: isUtf8(env),
    profilerDir: nonEmpty(env['SGLANG_TORCH_PROFILER_DIR']) ?? tmpdir(),
    hidesOpenApi: isTrue(env['DISABLE_OPENAPI_DOC']),
    predictRoute: predictRoute(nonEmpty(env['AIP_PREDICT_ROUTE']) ?? '/vertex_generate'),
    ollamaRootRoute: nonEmpty(env['SGLANG_OLLAMA_ROOT_ROUTE']),
    drivers: loadDriverEnv(env),
    expertRecorderDir: nonEmpty(env['SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR']) ?? tmpdir(),
  };
}

/** @throws UsageError */
function predictRoute(path: string): string {
  if (/^\/[\w./:-]*$/.test(path)) return path;
  throw new UsageError(`AIP_PREDICT_ROUTE must be a path such as /predict, got '${path}'.`);
}

/** A variable of seconds in milliseconds; zero and less mean none, as in SGLang. @throws UsageError */
function timeoutMs(env: Environment, name: string): number | null {
  const text = nonEmpty(env[name]);
  if (text === null) return null;
  const seconds = Number(text);
  if (Number.isNaN(seconds)) throw new UsageError(`${name} must be a number of seconds.`);
  return seconds > 0 ? 1000 * seconds : null;
}

/** As setlocale chooses: the first that is set. */
function isUtf8(env: Environment): boolean {
  const names = ['LC_ALL', 'LC_CTYPE', 'LANG'];
  const locale = names.map((name) => nonEmpty(env[name])).find((value) => value !== null) ?? null;
  return locale === null || /utf-?8/i.test(locale);
}

function isTrue(value: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(value ?? '');
}
