import { isRefusal, RequestError, refuse, refuseBody } from '../../core/errors.js';
import type { ChatTemplate } from '../../text/chat-template.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { flatError } from '../../http/error-response.js';
import type { Fields } from '../../http/fields.js';
import { FieldReader, isInteger, isStrings, preview } from '../../http/field-reader.js';
import { jsonResponse, type FullResponse } from '../../http/http.js';
import { parseJsonObject, type JsonObject } from '../../http/json.js';
import { encodeChat, renderChat } from '../openai/chat-prompt.js';
import { parseReasoning } from '../openai/reasoning-request.js';
import { parseTools } from '../openai/tools-request.js';
import { checkUnsupportedFields } from '../openai/unsupported-fields.js';
import type { Handler, Route } from '../../http/router.js';
import { encoderFor } from '../../engine/encode.js';
import type { EncodeQueue } from '../../engine/encode-queue.js';
import { DETOKENIZE_FIELDS, TOKENIZE_FIELDS } from './fields.js';

export interface TokenizeDeps {
  /** Null with `--skip-tokenizer-init`. */
  readonly tokenizer: Tokenizer | null;
  readonly encodeQueue: EncodeQueue;
  readonly chatTemplate: ChatTemplate | null;
  /** As `max_model_len` in every answer. */
  readonly contextLength: number;
}

/** Texts or lists of ids that one request may bring. */
export const MAX_ITEMS = 4096;
/** UTF-16 units of all texts of one request. */
export const MAX_TOKENIZE_CHARS = 2 * 1024 * 1024;

/** Ids of all lists of one request. */
export const MAX_DETOKENIZE_IDS = 1024 * 1024;
/** Ids after which others get their turn. */
const IDS_PER_TURN = 4096;

/** `/tokenize` and `/detokenize`, also below `/v1`. */
export function createTokenizeRoutes(deps: TokenizeDeps): readonly Route[] {
  const tokenizing = handlerOf(TOKENIZE_FIELDS, (body) => tokenize(body, deps), 'tokenization');
  const detokenizing = handlerOf(
    DETOKENIZE_FIELDS,
    (body) => detokenize(body, deps),
    'detokenization',
  );
  return [
    {
      methods: ['POST'],
      path: '/tokenize',
      access: 'key',
      requiresJson: true,
      handler: tokenizing,
    },
    {
      methods: ['POST'],
      path: '/v1/tokenize',
      access: 'key',
      requiresJson: true,
      handler: tokenizing,
    },
    {
      methods: ['POST'],
      path: '/detokenize',
      access: 'key',
      requiresJson: true,
      handler: detokenizing,
    },
    {
      methods: ['POST'],
      path: '/v1/detokenize',
      access: 'key',
      requiresJson: true,
      handler: detokenizing,
    },
  ];
}

/** Errors here have OpenAI's flat shape: bad values 400, ids that no tokenizer knows 500, as in SGLang. */
function handlerOf(fields: Fields, answer: (body: JsonObject) => unknown, what: string): Handler {
  return async (request, reply) => {
    const body = parseJsonObject(await request.readBody(), fields);
    reply.send(await respond(() => answer(body), what));
  };
}

async function respond(answer: () => unknown, what: string): Promise<FullResponse> {
  try {
    return jsonResponse(200, await answer());
  } catch (error) {
    if (error instanceof TokenRangeError) {
      const message = `Internal server error during ${what}: ${error.message}`;
      return jsonResponse(500, flatError(500, 'InternalServerError', message));
    }
    if (!(error instanceof RequestError) || !isRefusal(error.code)) throw error;
    return jsonResponse(400, flatError(400, 'BadRequestError', error.message));
  }
}

async function tokenize(body: JsonObject, deps: TokenizeDeps): Promise<unknown> {
  const read = new FieldReader(body, 'INVALID_JSON');
  const prompt = read.raw('prompt');
  const messages = read.raw('messages');
  if ((prompt === null) === (messages === null)) {
    refuseBody("Exactly one of 'prompt' or 'messages' must be provided.");
  }
  const tokenizer = needTokenizer(deps);
  const max_model_len = deps.contextLength;
  if (messages !== null) {
    const tokens = await tokenizeChat(body, tokenizer, deps);
    return { tokens, count: tokens.length, max_model_len };
  }
  const addSpecialTokens = read.boolean('add_special_tokens') ?? true;
  const texts = textsOf(prompt);
  const encoder = encoderFor({ ...deps, tokenizer });
  const idsOf = async (text: string): Promise<number[]> =>
    text === '' ? [] : Array.from(await encoder.text(text, addSpecialTokens));
  if (typeof texts === 'string') {
    const tokens = await idsOf(texts);
    return { tokens, count: tokens.length, max_model_len };
  }
  const tokens = await Promise.all(texts.map(idsOf));
  return { tokens, count: tokens.map(({ length }) => length), max_model_len };
}

/** The prompt that `/v1/chat/completions` would make of the same messages. */
async function tokenizeChat(
  body: JsonObject,
  tokenizer: Tokenizer,
  deps: TokenizeDeps,
): Promise<number[]> {
  checkUnsupportedFields(new FieldReader(body, 'INVALID_JSON'));
  const wishes = { tools: parseTools(body), reasoning: parseReasoning(body) };
  const { rendered, prefix } = renderChat(body, deps.chatTemplate, wishes);
  checkChars(rendered.length + prefix.length);
  return encodeChat({ rendered, prefix }, { ...deps, tokenizer });
}

function textsOf(prompt: unknown): string | readonly string[] {
  if (typeof prompt !== 'string' && !isStrings(prompt)) {
    return refuseBody(`prompt must be a string or a list of strings, got ${preview(prompt)}.`);
  }
  if (typeof prompt !== 'string' && prompt.length > MAX_ITEMS) {
    refuse(`prompt may have at most ${MAX_ITEMS} texts.`);
  }
  const lengths = typeof prompt === 'string' ? [prompt.length] : prompt.map(({ length }) => length);
  checkChars(lengths.reduce((sum, length) => sum + length, 0));
  return prompt;
}

function checkChars(numChars: number): void {
  if (numChars <= MAX_TOKENIZE_CHARS) return;
  refuse(`The text may have at most ${MAX_TOKENIZE_CHARS} characters, got ${numChars}.`);
}

async function detokenize(body: JsonObject, deps: TokenizeDeps): Promise<unknown> {
  const read = new FieldReader(body, 'INVALID_JSON');
  const tokens: unknown = read.raw('tokens');
  const skipSpecialTokens = read.boolean('skip_special_tokens') ?? true;
  const tokenizer = needTokenizer(deps);
  if (!Array.isArray(tokens)) return badTokens(tokens);
  const lists = listsOf(tokens);
  const { isSingle } = lists;
  const texts: string[] = [];
  const turns = new Turns();
  for (const ids of lists.lists) {
    const outside = ids.find((id) => id < 0 || id >= 2 ** 32);
    if (outside !== undefined) throw new TokenRangeError(`token id ${outside} is out of range`);
    let text = '';
    for (const piece of tokenizer.decodeInPieces(ids, skipSpecialTokens, IDS_PER_TURN)) {
      text += piece;
      await turns.take(Math.min(IDS_PER_TURN, ids.length));
    }
    texts.push(text);
  }
  return { text: isSingle ? texts[0] : texts };
}

/** Lets others have their turn after so many ids. */
class Turns {
  #numIds = 0;

  async take(numIds: number): Promise<void> {
    this.#numIds += numIds;
    if (this.#numIds < IDS_PER_TURN) return;
    this.#numIds = 0;
    await new Promise(setImmediate);
  }
}

interface IdLists {
  readonly lists: readonly (readonly number[])[];
  /** One list, and not a list of one. */
  readonly isSingle: boolean;
}

function listsOf(tokens: readonly unknown[]): IdLists {
  checkIds(tokens.length);
  if (tokens.every(isInteger)) return { lists: [tokens], isSingle: true };
  if (tokens.length > MAX_ITEMS) refuse(`tokens may have at most ${MAX_ITEMS} lists.`);
  const numIds = tokens.reduce<number>(
    (sum, ids) => sum + (Array.isArray(ids) ? ids.length : 0),
    0,
  );
  checkIds(numIds);
  return { lists: tokens.map(idsOf), isSingle: false };
}

function checkIds(numIds: number): void {
  if (numIds <= MAX_DETOKENIZE_IDS) return;
  refuse(`tokens may have at most ${MAX_DETOKENIZE_IDS} ids, got ${numIds}.`);
}

function idsOf(value: unknown): readonly number[] {
  if (!Array.isArray(value)) return badTokens(value);
  const list: readonly unknown[] = value;
  return list.every(isInteger) ? list : badTokens(value);
}

function badTokens(value: unknown): never {
  return refuseBody(
    `tokens must be a list of integers or a list of such lists, got ${preview(value)}.`,
  );
}

function needTokenizer({ tokenizer }: TokenizeDeps): Tokenizer {
  return (
    tokenizer ?? refuse('The server was started with --skip-tokenizer-init: it has no tokenizer.')
  );
}

/** An id that stands for no token of any vocabulary. */
class TokenRangeError extends Error {}
