/**
 * The limits of architecture.md as one table: each number is its module's own constant, or what the server was started
 * with. A test compares it with the document.
 */
import { EXIT_MS } from '../device/child/relay.js';
import { MAX_BURST_BYTES, MAX_BYTES_PER_S } from '../api/failure-lines.js';
import { MAX_HANDSHAKES } from '../http/node/handshakes.js';
import { TENSOR_BODY_BYTES } from '../api/admin/sent-tensors.js';
import { MAX_SAMPLES } from '../api/native/generate-request.js';
import { MAX_TOKEN_IDS_LOGPROB, MAX_TOP_LOGPROBS } from '../api/native/logprob-fields.js';
import { MAX_TEXT_CHARS as MAX_PARSED_CHARS } from '../api/native/parse-routes.js';
import { MAX_RID_LENGTH } from '../api/native/rid-fields.js';
import {
  MAX_PARALLEL_SAMPLES,
  MAX_STOP_LENGTH,
  MAX_STOPS,
} from '../api/native/sampling-request.js';
import { MAX_DETOKENIZE_IDS, MAX_ITEMS, MAX_TOKENIZE_CHARS } from '../api/native/tokenize.js';
import { MAX_TOP_LOGPROBS as MAX_OLLAMA_LOGPROBS } from '../api/ollama/fields.js';
import { MAX_ADDED_ITEMS } from '../api/responses/fields.js';
import { MAX_KEY_CHARS, MAX_PAIRS, MAX_VALUE_CHARS } from '../api/responses/metadata.js';
import { MAX_RATIO } from '../api/responses/sealed-text.js';
import { RESPONSES_SOCKETS } from '../api/responses/socket-endpoint.js';
import { MAX_REMEMBERED } from '../api/responses/socket-memory.js';
import { MAX_RESPONSES } from '../api/responses/socket-session.js';
import { STORE_LIMITS } from '../api/responses/store.js';
import { CUT_OFF_BYTES, SMALL_CUT_OFF_BYTES, SOCKET_LIMITS } from '../api/ws/limits.js';
import { MAX_NODES } from '../api/ws/watch/watch-body.js';
import { MAX_WATCHES } from '../api/ws/watch/watch-hub.js';
import { KEPT_BYTES_MAX } from '../cache/expert-recorder.js';
import { FORGOTTEN_PAGES_MAX } from '../cache/forgotten-pages.js';
import { LOOKED_AT_MAX } from '../cache/tree-reader.js';
import type { ServerArgs } from '../config/server-args.js';
import type { Bound, BoundUnit } from '../core/bound.js';
import { ALONE_GRACE_MS, GRACE_MS, MAX_LATE_MS } from '../device/generate/slot-masks.js';
import { IDLE_SHARE, RUNTIME_BYTES, WORK_BYTES } from '../device/limits.js';
import { MAX_HELD } from '../engine/door.js';
import { MAX_WAITING_CHARS } from '../engine/encode-queue.js';
import { MAX_REQUEST_CHARS, MAX_TEXT_CHARS } from '../engine/encode.js';
import { MAX_HIDDEN_VALUES, MAX_STREAMED_HIDDEN } from '../engine/fit-hidden.js';
import { MAX_STREAMED_VALUES, MAX_VALUES as MAX_LOGPROBS } from '../engine/fit-logprobs.js';
import { MAX_TEXTS } from '../engine/prepare-texts.js';
import { MAX_SAMPLE_REGEXES, MAX_SAMPLE_STOPS, MAX_STOP_CHARS } from '../engine/prepare.js';
import type { ServingLimits } from '../engine/served-model.js';
import { DEFAULT_TIMEOUT_S, MAX_SESSIONS, MAX_TOKENS } from '../engine/sessions.js';
import { cacheBytes } from '../fleet/prepare-folder.js';
import { RESTARTS_MAX } from '../fleet/rank.js';
import { MAX_WAYS } from '../grammar/automaton.js';
import { MAX_SPEC_CHARS } from '../grammar/compile.js';
import { MAX_GRAMMARS } from '../grammar/grammar-actor.js';
import { MAX_MASK_BYTES, MAX_WORK } from '../grammar/masks.js';
import { MAX_STATES } from '../grammar/states.js';
import {
  BODY_TIMEOUT_MS,
  MAX_BODIES_BYTES,
  MAX_BODY_BYTES,
  MIN_BYTES_PER_S,
} from '../http/body.js';
import { MAX_HEADER_BYTES } from '../http/head.js';
import { MAX_DEPTH, MAX_VALUES as MAX_JSON_VALUES } from '../http/json.js';
import { STALLED_READER_MS } from '../http/reply.js';
import { CACHE_BYTES_MAX, CACHE_SHARE } from '../model/quantize/cache-room.js';
import { MAX_VALUES as MAX_TENSOR_VALUES } from '../model/weights/read-tensor.js';
import { MAX_PENDING_BYTES } from '../observability/log-output.js';
import { MAX_PROFILE_MS } from '../observability/profiler.js';
import { MAX_STEPS } from '../observability/step-trace.js';
import { MAX_STEPS_IN_FLIGHT } from '../scheduler/devices/link.js';
import { MAX_VALUES as MAX_CHAT_VALUES } from '../text/jinja/json-value.js';
import { DEFAULT_LIMITS } from '../text/jinja/meter.js';
import { POOL_BURST_STEPS, POOL_STEPS_PER_SECOND } from '../text/regex-budget.js';
import { STOP_REGEX_HOLD } from '../text/stop-regex.js';
import { MAX_BODY_REGEX_CHARS } from '../text/stop-regexes.js';
import { DRAIN_DEADLINE_MS } from './drain-deadline.js';
import { FREE_FILES_MIN } from './file-limit.js';
import { ADAPTER_SHARE } from './lora.js';
import { COMPILE_TIMEOUT_MS, MAX_WAITING, UNWANTED_MS } from './grammar-queue.js';

export interface BoundsOf {
  readonly args: Pick<
    ServerArgs,
    | 'maxQueuedRequests'
    | 'maxLorasPerBatch'
    | 'maxLoadedLoras'
    | 'quantizationCacheGib'
    | 'watchdogTimeout'
  >;
  readonly limits: ServingLimits;
  readonly contextLength: number;
  /** Places for recurrent states of prefixes on each device; 0 = the model keeps none. */
  readonly numStatePlaces: number;
  /** Files that the process may open; null = the system does not say. */
  readonly maxFiles: number | null;
}

type Value = number | null;
/** What is bounded, then value, unit, and where it needs them a note and the flag that raises it. */
type Row = readonly [
  what: string,
  ...parts: (readonly [value: Value, unit: BoundUnit, note?: string | null, flag?: string])[],
];

export function boundsOf(server: BoundsOf): readonly Bound[] {
  return [...configuredRows(server), ...FIXED].flatMap(([what, ...parts]) =>
    parts.map(([value, unit, note = null, flag = null]) => ({ what, value, unit, note, flag })),
  );
}

function configuredRows({
  args,
  limits,
  contextLength,
  numStatePlaces,
  maxFiles,
}: BoundsOf): readonly Row[] {
  const { maxRunningRequests, maxTotalTokens } = limits;
  const files = maxFiles === null ? null : maxFiles - FREE_FILES_MIN;
  const cache = cacheBytes(args);
  return [
    ['waiting requests', [args.maxQueuedRequests, 'count', null, '--max-queued-requests']],
    ['running requests of a device', [maxRunningRequests, 'count', null, '--max-running-requests']],
    [
      'LoRA adapters that run at once',
      [args.maxLorasPerBatch, 'count', null, '--max-loras-per-batch'],
    ],
    ['LoRA adapters that are loaded', [args.maxLoadedLoras, 'count', null, '--max-loaded-loras']],
    ['memory of LoRA adapters', [ADAPTER_SHARE, 'part', 'of what the weights leave']],
    [
      'prompt + answer',
      [contextLength, 'tokens', 'context length', '--context-length'],
      [maxTotalTokens, 'tokens', 'KV pool', '--max-total-tokens'],
    ],
    ['states kept for prefixes', [numStatePlaces, 'count', null, '--max-mamba-cache-size']],
    ['connections', [files, 'count', 'ulimit -n']],
    [
      'the quantization cache',
      cache === null
        ? [CACHE_SHARE, 'part', CACHE_NOTE, '--quantization-cache-gib']
        : [cache, 'bytes', null, '--quantization-cache-gib'],
    ],
    ['a thread that answers nothing', [args.watchdogTimeout, 's', null, '--watchdog-timeout']],
  ];
}

const { maxSockets, maxLargeSockets } = SOCKET_LIMITS;
const SOCKETS_BYTES =
  maxLargeSockets * CUT_OFF_BYTES + (maxSockets - maxLargeSockets) * SMALL_CUT_OFF_BYTES;

const CACHE_NOTE = `of its disk, at most ${CACHE_BYTES_MAX / 2 ** 30} GiB`;

const FIXED: readonly Row[] = [
  ['steps in flight of a device', [MAX_STEPS_IN_FLIGHT, 'count']],
  ["a device's process", [MAX_STEPS_IN_FLIGHT, 'steps']],
  ['the end of such a process', [EXIT_MS, 'ms']],
  [
    'samples a prompt; a request',
    [MAX_PARALLEL_SAMPLES, 'count', 'of a prompt'],
    [MAX_SAMPLES, 'count', 'of a request'],
  ],
  ['texts of an embedding request', [MAX_TEXTS, 'count']],
  ['stop strings', [MAX_STOPS, 'count'], [MAX_STOP_LENGTH, 'characters', 'of each']],
  [
    'top logprobs; chosen ids',
    [MAX_TOP_LOGPROBS, 'count', 'top logprobs'],
    [MAX_TOKEN_IDS_LOGPROB, 'count', 'chosen ids'],
  ],
  [
    'logprobs of a request',
    [MAX_LOGPROBS, 'count', 'in one answer'],
    [MAX_STREAMED_VALUES, 'count', 'in a stream'],
  ],
  [
    'hidden states of a request',
    [MAX_HIDDEN_VALUES, 'numbers', 'in one answer'],
    [MAX_STREAMED_HIDDEN, 'numbers', 'in a stream'],
  ],
  ["top logprobs in Ollama's words", [MAX_OLLAMA_LOGPROBS, 'count']],
  ['rid', [MAX_RID_LENGTH, 'characters']],
  [
    'body',
    [MAX_BODY_BYTES, 'bytes'],
    [BODY_TIMEOUT_MS, 'ms', 'to begin'],
    [MIN_BYTES_PER_S, 'bytes/s', 'at least'],
  ],
  ['all bodies that are arriving', [MAX_BODIES_BYTES, 'bytes']],
  ['headers', [MAX_HEADER_BYTES, 'bytes']],
  [
    'lines of failed requests',
    [MAX_BURST_BYTES, 'bytes', 'at once'],
    [MAX_BYTES_PER_S, 'bytes/s', 'after that'],
  ],
  ['unfinished TLS handshakes', [MAX_HANDSHAKES, 'count']],
  ['log lines nobody reads', [MAX_PENDING_BYTES, 'bytes']],
  ['body of sent tensors', [TENSOR_BODY_BYTES, 'bytes']],
  ['JSON depth', [MAX_DEPTH, 'count']],
  ['values in a JSON body', [MAX_JSON_VALUES, 'count']],
  ['values in a chat body', [MAX_CHAT_VALUES, 'count']],
  [
    "a chat template's rendering",
    [DEFAULT_LIMITS.maxSteps, 'steps'],
    [DEFAULT_LIMITS.maxMs, 'ms'],
    [DEFAULT_LIMITS.maxChars, 'characters'],
  ],
  ['stops times samples', [MAX_SAMPLE_STOPS, 'count'], [MAX_STOP_CHARS, 'UTF-16 units']],
  ['stop regexes of a body', [MAX_BODY_REGEX_CHARS, 'characters']],
  ['their searches', [MAX_SAMPLE_REGEXES, 'count']],
  [
    'their steps, of all requests',
    [POOL_BURST_STEPS, 'steps', 'of a turn'],
    [POOL_STEPS_PER_SECOND, 'steps/s'],
  ],
  ['text held for a stop regex', [STOP_REGEX_HOLD, 'UTF-16 units']],
  ['a grammar', [MAX_SPEC_CHARS, 'characters'], [MAX_STATES, 'count', 'states']],
  ['grammars that wait', [MAX_WAITING, 'count']],
  ['compiling a grammar', [COMPILE_TIMEOUT_MS, 'ms']],
  ['a compile for nobody', [UNWANTED_MS, 'ms', 'if others wait']],
  ['compiled grammars', [MAX_GRAMMARS, 'count'], [MAX_MASK_BYTES, 'bytes', 'of masks, each']],
  ['reading one text, a mask', [MAX_WAYS, 'count', 'ways'], [MAX_WORK, 'steps']],
  [
    'a mask that is late',
    [GRACE_MS, 'ms', 'of a step with others'],
    [ALONE_GRACE_MS, 'ms', 'of a step alone'],
    [MAX_LATE_MS, 'ms', 'in all'],
  ],
  ['a reader that stops', [STALLED_READER_MS, 'ms']],
  [
    'WebSockets',
    [SOCKET_LIMITS.maxSockets, 'count'],
    [SOCKET_LIMITS.maxLiveRequests, 'count', 'requests of each'],
  ],
  [
    'what they buffer',
    [SOCKETS_BYTES, 'bytes'],
    [SOCKET_LIMITS.maxUnknownSockets, 'count', 'sockets without their key'],
  ],
  ['watches of the server', [MAX_WATCHES, 'count']],
  ['nodes of a tree that one sees', [MAX_NODES, 'count', 'and the way to them']],
  [
    'responses, conversations kept',
    [STORE_LIMITS.maxEntries, 'count'],
    [STORE_LIMITS.maxBytes, 'bytes', 'together'],
  ],
  ['items added to a conversation', [MAX_ADDED_ITEMS, 'count', 'at a time']],
  [
    'sockets of `/v1/responses`',
    [RESPONSES_SOCKETS.maxSockets, 'count'],
    [RESPONSES_SOCKETS.maxLarge, 'count', 'with large messages'],
  ],
  ['responses of one such socket', [MAX_RESPONSES, 'count', 'that wait or grow']],
  ['unstored ones it remembers', [MAX_REMEMBERED, 'count']],
  [
    'metadata',
    [MAX_PAIRS, 'count'],
    [MAX_KEY_CHARS, 'characters', 'of a key'],
    [MAX_VALUE_CHARS, 'characters', 'of a value'],
  ],
  ['a sealed text unfolded', [MAX_RATIO, 'count', 'times its bytes']],
  ['idle rows resident in slots', [IDLE_SHARE, 'part', 'of the pool']],
  ["a rank's replacements in a row", [RESTARTS_MAX, 'count']],
  ['requests held at the door', [MAX_HELD, 'count']],
  [
    'open sessions',
    [MAX_SESSIONS, 'count'],
    [MAX_TOKENS, 'tokens'],
    [DEFAULT_TIMEOUT_S, 's', 'idle'],
  ],
  ['a profile', [MAX_PROFILE_MS, 'ms'], [MAX_STEPS, 'steps']],
  ['text waiting to be tokenized', [MAX_WAITING_CHARS, 'UTF-16 units']],
  ['texts of one request', [MAX_REQUEST_CHARS, 'UTF-16 units']],
  ['one text', [MAX_TEXT_CHARS, 'UTF-16 units', 'and what can fit the context']],
  ['a text for the parse routes', [MAX_PARSED_CHARS, 'UTF-16 units']],
  ['texts of a `/tokenize`', [MAX_ITEMS, 'count'], [MAX_TOKENIZE_CHARS, 'UTF-16 units']],
  ['lists of a `/detokenize`', [MAX_ITEMS, 'count'], [MAX_DETOKENIZE_IDS, 'tokens']],
  ['passes of an expert recording', [KEPT_BYTES_MAX, 'bytes']],
  ['pages remembered when they go', [FORGOTTEN_PAGES_MAX, 'count']],
  ['places looked for a miss in', [LOOKED_AT_MAX, 'count', 'namespaces, and forks']],
  ['`/get_weights_by_name`', [MAX_TENSOR_VALUES, 'numbers']],
  [
    'memory besides weights and KV',
    [RUNTIME_BYTES, 'bytes', 'of the process'],
    [WORK_BYTES, 'bytes', 'of a device'],
  ],
  ['drain after SIGTERM', [DRAIN_DEADLINE_MS, 'ms']],
];
