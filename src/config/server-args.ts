import { DEVICE_KINDS, type DeviceKind } from '../core/device-kind.js';
import { HTTP_SERVERS } from '../core/http-server.js';
import { SCHEDULE_POLICIES } from '../core/scheduler-config.js';
import { EXPERT_MODES } from '../core/expert-recording.js';
import {
  bool,
  bucketRule,
  buckets,
  choice,
  float,
  int,
  items,
  json,
  key,
  optionalChoice,
  optionalFloat,
  optionalInt,
  secret,
  string,
  stringOr,
  words,
  type FlagSpec,
} from './flag-spec.js';
import {
  FIM_NAMES,
  FOREIGN_REASONING_PARSERS,
  FOREIGN_TOOL_PARSERS,
  REASONING_PARSERS,
  TOOL_PARSERS,
} from './parser-names.js';
import { QUANT_METHODS } from '../core/quant-methods.js';
import {
  FOREIGN_DEVICES,
  FOREIGN_LOAD_FORMATS,
  FOREIGN_KV_CACHE_DTYPES,
  FOREIGN_SCHEDULE_POLICIES,
} from './unsupported-flags.js';

/**
 * Every argument of the server, by group. Flag names, defaults and meanings are SGLang's where it has
 * them. The command line, the environment (`RADISH_PAGE_SIZE`), the config file (`page_size`), `--help`,
 * docs/flags.md and the info endpoints are all made from here.
 */
const MODEL = {
  'model-path': string(
    'Model folder, GGUF file, Hugging Face id, or REPO:QUANT. Default: the built-in model.',
    {
      aliases: ['--model'],
    },
  ),
  'tokenizer-path': string('Folder of the tokenizer. Default: the model.'),
  'served-model-name': string('Name in /v1/models. Default: the model path.'),
  'load-format': choice(
    ['auto', 'safetensors', 'gguf', 'dummy'],
    'auto',
    'auto = what the model has; dummy = seeded random weights.',
    { foreignChoices: FOREIGN_LOAD_FORMATS },
  ),
  revision: string('Branch, tag or commit of the model on the hub.'),
  dtype: choice(
    ['auto', 'half', 'float16', 'bfloat16', 'float', 'float32'],
    'auto',
    'Accepted as in SGLang; the CPU computes in float32 or as --quantization says.',
  ),
  'kv-cache-dtype': choice(
    ['auto', 'fp32', 'int8', 'bf16', 'bfloat16'],
    'auto',
    'In what the CPU keeps keys and values. auto = int8 beside w8a8_int8 where the model allows, else fp32. ' +
      'bf16 and bfloat16 = floats: fp32 on the CPU, what a GPU keeps on a GPU.',
    { foreignChoices: FOREIGN_KV_CACHE_DTYPES },
  ),
  quantization: choice(
    ['auto', 'none', 'w8a8_int8', 'int8', 'int4'],
    'auto',
    'Format of the linear layers. auto = w8a8_int8 where the model and memory allow, else int8 or int4. ' +
      'int4 leaves four-bit codes of a checkpoint as they are. What SGLang calls a quantised checkpoint (awq, …) ' +
      'says what it must be, and is auto.',
    { unlistedChoices: QUANT_METHODS },
  ),
  'quantization-preference': choice(
    ['speed', 'quality', 'memory'],
    'speed',
    'What --quantization auto looks at: speed of many requests; quality = int8; memory = int4.',
  ),
  'quantization-cache-dir': string(
    "Folder for quantised weights. Default: the user's cache folder.",
  ),
  'quantization-cache-gib': optionalInt(
    'Most that the folder may take, in GiB: weights that were not used for longest go first, none in use. ' +
      'Default: half of what its disk has for it, at most 128.',
    { min: 0 },
  ),
  'context-length': optionalInt("Most tokens of prompt and answer. Default: the model's.", {
    min: 8,
  }),
  'weight-version': stringOr('default', 'Tag of the weights, repeated in every answer.'),
  'chat-template': string("Jinja file, or JSON file with one. Default: the model's."),
  'hf-chat-template-name': string('Which of several chat templates of the model.'),
  'completion-template': choice(
    ['auto', ...FIM_NAMES],
    'auto',
    'How a suffix of /v1/completions is shown to the model. auto = as its tokenizer says.',
  ),
  'tool-call-parser': choice(
    ['auto', 'none', ...TOOL_PARSERS],
    'auto',
    'How the model writes tool calls. auto = as its chat template says.',
    { missingChoices: FOREIGN_TOOL_PARSERS },
  ),
  'reasoning-parser': choice(
    ['auto', 'none', ...REASONING_PARSERS],
    'auto',
    'How the model writes its thoughts. auto = as its chat template says.',
    { missingChoices: FOREIGN_REASONING_PARSERS },
  ),
  'is-embedding': bool(
    'The model answers with vectors: for checkpoints that could also generate. Others do so by themselves.',
  ),
  'embedding-task': string(
    'Whose adapters are taken of an embedding model that has some for several tasks. Default: none are.',
  ),
  'skip-tokenizer-init': bool('No tokenizer: token ids in, token ids out.'),
};

const HTTP = {
  host: stringOr('127.0.0.1', 'Address to listen on.'),
  port: int(30000, 'Port to listen on; 0 = any free one.', { min: 0, max: 65535 }),
  'http-server': choice(
    HTTP_SERVERS,
    'auto',
    'auto = uWebSockets.js where its binary loads, else node:http; TLS by node:https alone.',
  ),
  'disable-page': bool('A browser is shown no page at /: it is told what every client is.'),
  'api-key': key('Key that requests must bring as "Authorization: Bearer KEY".'),
  'admin-api-key': key(
    'Key of the routes that change the server; --api-key no longer opens those.',
  ),
  'allowed-hosts': words(
    'Names that a loopback server without a key may be asked by, beside its own; * = any.',
  ),
  'cors-origins': words(
    'Origins whose web pages may ask a server without a key, beside those of this machine; * = any.',
  ),
  'ssl-keyfile': string("PEM file of TLS's private key; --ssl-certfile belongs to it."),
  'ssl-certfile': string(
    'PEM file of the certificate, with what leads to its authority behind it.',
  ),
  'ssl-ca-certs': string(
    'PEM file of authorities. As in SGLang, no client is asked for a certificate.',
  ),
  'ssl-keyfile-password': secret('Password that --ssl-keyfile is encrypted with.'),
  'enable-ssl-refresh': bool('Take renewed files of TLS without a restart.'),
  compat: choice(
    ['2024-11', '2025-06', '2025-09', '2025-12', '2026'],
    '2025-09',
    'SGLang release whose key set /get_model_info has.',
  ),
  'stream-interval': int(1, 'Tokens per chunk of a stream.', { min: 1 }),
  'incremental-streaming-output': bool('Streams of /generate bring only what is new.', {
    aliases: ['--stream-output'],
  }),
  'enable-cache-report': bool('Usage of the OpenAI routes says how much of a prompt was cached.'),
  'stream-response-default-include-usage': bool(
    'OpenAI streams end with the usage unless stream_options says otherwise.',
  ),
  'skip-server-warmup': bool('Do not run a first request before the server says it is ready.'),
  'preferred-sampling-params': json("JSON object that goes under every request's sampling_params."),
  'sampling-defaults': choice(
    ['model', 'openai'],
    'model',
    "Where the OpenAI endpoints' sampling defaults come from.",
  ),
  'allow-auto-truncate': bool('Cut prompts that are too long instead of refusing them.'),
};

const DEVICES = {
  device: choice(
    [...DEVICE_KINDS, 'auto'],
    'cpu',
    'What computes. auto = CUDA, else WebGPU, else the CPU; the log says why.',
    { foreignChoices: FOREIGN_DEVICES },
  ),
  'base-gpu-id': int(0, 'First GPU that is used, in the order of `radish doctor`.', { min: 0 }),
  'gpu-id-step': int(1, 'Device r takes GPU --base-gpu-id + r * this; 0 = all the same one.', {
    min: 0,
  }),
  'gpu-memory-gb': optionalFloat(
    'Memory of each GPU that weights and KV may take, in GiB. Default: what the driver says the card has.',
    { min: 0.1 },
  ),
  'update-in-place': bool(
    'New weights take the place of the old ones on a GPU that cannot hold both: requests are drained first.',
  ),
};

const MEMORY = {
  'mem-fraction-static': optionalFloat(
    'Part of the memory left after the weights that KV may use. Default: 0.5 on the CPU, 0.85 on a GPU.',
    { min: 0.01, max: 0.99 },
  ),
  'max-total-tokens': optionalInt('KV tokens per device. Default: what the memory allows.', {
    min: 8,
  }),
  'page-size': optionalInt(
    'Tokens per KV page. Default: 16 on the CPU; 64 on a GPU, on CUDA 256 or 128 where its kernels want it.',
    { min: 1, max: 1024 },
  ),
  'disable-radix-cache': bool('Do not share prefixes between requests.'),
  'max-mamba-cache-size': optionalInt(
    'Recurrent states that are kept for prefixes, on each device. Default: what a fifth of the KV budget holds.',
    { min: 2 },
  ),
  'mamba-track-interval': optionalInt(
    'Tokens of a long prompt between two recurrent states that are kept. Default: 256, more where a state is larger than their K and V.',
    { min: 1 },
  ),
};

const SCHEDULE = {
  'max-running-requests': optionalInt('Requests that decode together on a device.', { min: 1 }),
  'max-queued-requests': int(4096, 'Waiting requests; more get a 503.', { min: 1 }),
  'chunked-prefill-size': int(512, 'Prompt tokens per step; -1 = whole prompts.', { min: -1 }),
  'max-prefill-tokens': int(16384, 'Prompt tokens per step over all requests.', { min: 1 }),
  'schedule-policy': choice(
    SCHEDULE_POLICIES,
    'fcfs',
    'Order of the queue: arrival, longest cached prefix, shared prefixes together, longest answer.',
    { foreignChoices: FOREIGN_SCHEDULE_POLICIES },
  ),
  'enable-priority-scheduling': bool('Requests with a larger "priority" go first.'),
  'schedule-low-priority-values-first': bool('Smaller priorities go first instead.'),
  'priority-scheduling-preemption-threshold': int(
    10,
    'A request takes the place of a running one when its priority is better by more than this.',
    { min: 0 },
  ),
  'disable-priority-preemption': bool('Running requests never give their place up.'),
  'default-priority-value': optionalInt(
    'Priority of requests that bring none. Default: behind all others.',
  ),
  'abort-on-priority-when-disabled': bool(
    'Without priority scheduling, answer 503 to requests that bring a priority.',
  ),
  'schedule-conservativeness': float(1, 'Larger = fewer retractions.', { min: 0 }),
  'decode-log-interval': int(40, 'Decode steps between two log lines.', { min: 1 }),
};

const SPECULATION = {
  'enable-lora': bool(
    'Serves LoRA adapters beside the model, CPU only. Given by --lora-paths too.',
  ),
  'lora-paths': items(
    'Adapters to start with: NAME=PATH, PATH, or {"lora_name": …, "lora_path": …, "pinned": …}.',
  ),
  'max-lora-rank': optionalInt('Largest rank of an adapter. Default: that of --lora-paths.', {
    min: 1,
    max: 1024,
  }),
  'lora-target-modules': words(
    'Modules that adapters may change, or all. Default: those that --lora-paths change.',
  ),
  'max-loras-per-batch': int(8, 'Most adapters of requests that run at once.', {
    min: 1,
    max: 256,
  }),
  'max-loaded-loras': optionalInt(
    'Most adapters that are loaded; then --lora-eviction-policy says which goes. Default: what fits.',
    { min: 1 },
  ),
  'lora-eviction-policy': choice(
    ['lru', 'fifo'],
    'lru',
    'Which adapter makes room: the one not used for longest, or the one loaded first.',
  ),
  'speculative-algorithm': optionalChoice(
    ['NGRAM', 'STANDALONE'],
    "NGRAM = drafts from the request's own tokens, STANDALONE = by a smaller model; verified together, CPU only. Default: nothing speculates.",
    { missingChoices: ['EAGLE', 'EAGLE3', 'NEXTN'] },
  ),
  'speculative-draft-model-path': string(
    'Folder or hub repository of the model that drafts for STANDALONE: one with the same tokens.',
    { aliases: ['--speculative-draft-model'] },
  ),
  'speculative-draft-model-revision': string('Branch, tag or commit of it on the hub.'),
  'speculative-num-steps': int(3, 'Most tokens that it drafts at once.', { min: 1, max: 63 }),
  'speculative-num-draft-tokens': int(
    32,
    'Most tokens of one verification, the last one of the answer included.',
    { min: 2, max: 64 },
  ),
  'speculative-ngram-min-match-window-size': optionalInt(
    'Last tokens that must stand at an earlier place before what followed there is a draft. Default: 1, or 32 where K and V are floats.',
    { min: 1, max: 64 },
  ),
  'speculative-ngram-max-match-window-size': int(
    64,
    'Most of them that are asked for after drafts that were wrong.',
    { min: 1, max: 256 },
  ),
};

const GRAMMARS = {
  'grammar-backend': choice(
    ['xgrammar', 'none'],
    'xgrammar',
    "none = no structured output. The engine is Radish's own; the name is that of SGLang's default.",
    { foreignChoices: ['outlines', 'llguidance'] },
  ),
  'constrained-json-whitespace-pattern': string(
    'Regular expression of what may stand between two tokens of JSON. Default: one space.',
  ),
  'constrained-json-disable-any-whitespace': bool(
    'JSON has ", " and ": " between its tokens, and nothing else.',
  ),
};

const RUNTIME = {
  'dp-size': int(1, 'Devices (worker threads), each with the whole model.', {
    aliases: ['--dp', '--data-parallel-size'],
    min: 1,
    max: 64,
  }),
  'num-threads': optionalInt('CPU threads per device. Default: cores / dp-size.', {
    min: 1,
    max: 1024,
  }),
  'random-seed': optionalInt('Seed of requests that bring none. Default: random.', { min: 0 }),
  'enable-deterministic-inference': bool(
    'Answers never depend on what the cache held; weights are rounded as for any CPU.',
  ),
  'disable-batch-invariance': bool(
    'Where int4 has large blocks, a row alone is faster, with other last bits than beside others.',
  ),
  'disable-mla': bool(
    'The cache of latent attention has keys and values of all heads, and not the latents that they are made of.',
  ),
  'expert-distribution-recorder-mode': optionalChoice(
    EXPERT_MODES,
    'What /start_expert_distribution_record records. Default: nothing.',
  ),
  'expert-distribution-recorder-buffer-size': int(
    1000,
    'Passes that a recording keeps; -1 = what 64 MiB hold.',
    { min: -1 },
  ),
  'enable-return-hidden-states': bool(
    'Requests may ask for final hidden states: --return-hidden-states-mode full.',
  ),
  'return-hidden-states-mode': optionalChoice(
    ['last', 'full'],
    'Most that return_hidden_states may ask for: last = "last", full = true as well. Default: nothing.',
  ),
  'enable-memory-saver': bool('Adds what /release_memory_occupation does.'),
  'enable-fault-injection': bool('Adds POST /debug/fail_device, for tests of recovery.'),
  'watchdog-timeout': float(
    300,
    'Seconds after which a thread that answers nothing ends the server; 0 = never.',
    { min: 0 },
  ),
  'log-requests': bool('A log line when a request arrives and when it ends.'),
  'log-requests-level': int(
    2,
    '0 = counts, 1 = and sampling parameters, 2 = and the start of input and output, 3 = all of it.',
    { min: 0, max: 3 },
  ),
  'log-requests-format': choice(['text', 'json'], 'text', 'Of these lines.'),
  'enable-metrics': bool('Adds GET /metrics for Prometheus.'),
  'bucket-time-to-first-token': buckets('Bounds of its histogram, in seconds: 0.1 0.5 1.'),
  'bucket-inter-token-latency': buckets('The same for the time between two tokens.'),
  'bucket-e2e-request-latency': buckets('The same for the time of whole requests.'),
  'prompt-tokens-buckets': bucketRule(
    'Rule for the histograms of prompt tokens: default; tse MIDDLE BASE COUNT, two-sided exponential; custom VALUE ...',
  ),
  'generation-tokens-buckets': bucketRule('The same for generated tokens.'),
  'log-level': choice(
    ['debug', 'info', 'warning', 'error'],
    'info',
    'Lowest level that is logged.',
  ),
  'log-format': choice(['text', 'json'], 'text', 'json = a line of JSON a message, by pino.'),
};

export const FLAG_GROUPS = {
  Model: MODEL,
  HTTP,
  Devices: DEVICES,
  Memory: MEMORY,
  Scheduling: SCHEDULE,
  Speculation: SPECULATION,
  'Structured output': GRAMMARS,
  Runtime: RUNTIME,
};

export const FLAGS = {
  ...MODEL,
  ...HTTP,
  ...DEVICES,
  ...MEMORY,
  ...SCHEDULE,
  ...SPECULATION,
  ...GRAMMARS,
  ...RUNTIME,
};

export type FlagName = keyof typeof FLAGS;

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;

type ValueOf<F> = F extends FlagSpec<infer T> ? T : never;

/** All arguments with their values: `--page-size` is `pageSize`. */
export type ServerArgs = {
  readonly [Name in FlagName as Camel<Name>]: ValueOf<(typeof FLAGS)[Name]>;
};

/** All arguments once the device is chosen, on which some defaults depend. */
export interface ResolvedArgs extends ServerArgs {
  readonly device: DeviceKind;
  readonly pageSize: number;
  readonly memFractionStatic: number;
}

/** Every flag with its spec, in the order of `--help`. */
export function flagEntries(): readonly (readonly [FlagName, FlagSpec])[] {
  return Object.entries(FLAGS) as [FlagName, FlagSpec][];
}

/** A flag as a field of {@link ServerArgs}: `page-size` → `pageSize`. */
export function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A flag's other spelling, `page-size` → `page_size`: config files and info endpoints. */
export function snakeCase(name: string): string {
  return name.replaceAll('-', '_');
}

/** A flag's environment variable: `page-size` → `RADISH_PAGE_SIZE`. */
export function envName(name: string): string {
  return `RADISH_${snakeCase(name).toUpperCase()}`;
}

/** All arguments as SGLang's info endpoints show them: snake_case names, secrets hidden. */
export function publicArgs(args: ServerArgs): Record<string, unknown> {
  const values = args as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    flagEntries().map(([name, spec]) => {
      const value = values[camelCase(name)] ?? null;
      return [snakeCase(name), spec.isSecret && value !== null ? '***' : value];
    }),
  );
}
