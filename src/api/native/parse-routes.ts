import { refuse, refuseBody } from '../../core/errors.js';
import type { Fields } from '../../http/fields.js';
import { FieldReader } from '../../http/field-reader.js';
import { jsonResponse } from '../../http/http.js';
import { parseJsonObject, type JsonObject } from '../../http/json.js';
import type { Handler, Route } from '../../http/router.js';
import { ReasoningReader } from '../../text/reasoning/format.js';
import { reasoningFormat } from '../../text/reasoning/registry.js';
import { ToolReader } from '../../text/tools/format.js';
import type { ToolFunction, ToolPiece } from '../../text/tools/pieces.js';
import { toolFormat } from '../../text/tools/registry.js';
import { parseFunctions } from '../openai/tools-request.js';
import { PARSE_CALL_FIELDS, SEPARATE_FIELDS } from './fields.js';

/** Beyond the answer of any model. */
export const MAX_TEXT_CHARS = 1024 * 1024;
/** A few milliseconds of the slowest text. */
const CHARS_PER_TURN = 8 * 1024;

/** Parsers whose calls SGLang numbers by their order; calls of others have the number of their function. */
const NUMBERED = new Set([
  'gpt-oss',
  'kimi_k2',
  'minimax-m2',
  'nanbeige',
  'pythonic',
  'qwen3_coder',
  'step3p5',
]);

/** `/parse_function_call` and `/separate_reasoning`: what the chat route does with an answer, of a text alone. */
export const parseRoutes: readonly Route[] = [
  route('/parse_function_call', PARSE_CALL_FIELDS, parseFunctionCall),
  route('/separate_reasoning', SEPARATE_FIELDS, separateReasoning),
];

function route(
  path: string,
  fields: Fields,
  answer: (body: JsonObject) => Promise<unknown>,
): Route {
  const handler: Handler = async (request, reply) => {
    reply.send(jsonResponse(200, await answer(parseJsonObject(await request.readBody(), fields))));
  };
  return { methods: ['POST'], path, access: 'key', requiresJson: true, handler };
}

async function parseFunctionCall(body: JsonObject): Promise<unknown> {
  const read = new FieldReader(body, 'INVALID_JSON');
  const text = textOf(read);
  const functions = parseFunctions(read.raw('tools'));
  const parser = read.string('tool_call_parser') ?? 'None';
  const format = toolFormat(parser) ?? refuse(`Unsupported tool_call_parser: ${short(parser)}`);
  const pieces = await piecesOf(new ToolReader(format, functions), text);
  if (!pieces.some(({ kind }) => kind === 'call')) return { normal_text: text, calls: [] };
  return { normal_text: textIn(pieces), calls: callsIn(pieces, numbering(parser, functions)) };
}

type Numbering = (name: string, order: number) => number;

function numbering(parser: string, functions: readonly ToolFunction[]): Numbering {
  if (NUMBERED.has(parser)) return (_, order) => order;
  return (called) => functions.findIndex(({ name }) => name === called);
}

interface ParsedCall {
  readonly tool_index: number;
  readonly name: string;
  parameters: string;
}

function callsIn(pieces: readonly ToolPiece[], numberOf: Numbering): readonly ParsedCall[] {
  const calls: ParsedCall[] = [];
  for (const piece of pieces) {
    const last = calls.at(-1);
    if (piece.kind === 'call') {
      const { name } = piece;
      calls.push({ tool_index: numberOf(name, calls.length), name, parameters: '' });
    } else if (piece.kind === 'arguments' && last !== undefined) {
      last.parameters += piece.text;
    }
  }
  return calls;
}

function textIn(pieces: readonly ToolPiece[]): string {
  return pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('');
}

async function separateReasoning(body: JsonObject): Promise<unknown> {
  const read = new FieldReader(body, 'INVALID_JSON');
  const text = textOf(read);
  const parser = read.string('reasoning_parser') ?? refuseBody('reasoning_parser is required.');
  const returnsBlocks = read.boolean('return_blocks') ?? false;
  const format =
    reasoningFormat(parser.toLowerCase()) ?? refuse(`Unsupported model type: ${short(parser)}`);
  const reader = new ReasoningReader(format, { isThinking: null, streams: true, prefix: '' });
  const pieces = await piecesOf(reader, text);
  const of = (wanted: string): string =>
    pieces.map((piece) => (piece.kind === wanted ? piece.text : '')).join('');
  const parts = { reasoning_text: of('reasoning'), text: of('text') };
  return returnsBlocks ? { ...parts, ...blocksOf(parts.reasoning_text, parts.text) } : parts;
}

/** The thought, where there is one, and the text, also where there is none. */
function blocksOf(reasoning: string, text: string): object {
  const thoughts = reasoning === '' ? [] : [{ type: 'reasoning', text: reasoning }];
  return {
    reasoning_blocks: thoughts.map((block) => block.text),
    text_blocks: [text],
    blocks: [...thoughts, { type: 'text', text }],
  };
}

function textOf(read: FieldReader): string {
  const text = read.string('text') ?? refuseBody('text is required.');
  if (text.length > MAX_TEXT_CHARS) {
    refuse(`text may have at most ${MAX_TEXT_CHARS} characters, got ${text.length}.`);
  }
  return text;
}

interface PieceReader<T> {
  push(text: string): readonly T[];
  end(): readonly T[];
}

/** Others have their turns between the parts of a long text. */
async function piecesOf<T>(reader: PieceReader<T>, text: string): Promise<readonly T[]> {
  const pieces: T[] = [];
  for (let at = 0; at < text.length; at += CHARS_PER_TURN) {
    if (at > 0) await new Promise(setImmediate);
    for (const piece of reader.push(text.slice(at, at + CHARS_PER_TURN))) pieces.push(piece);
  }
  return [...pieces, ...reader.end()];
}

function short(name: string): string {
  return name.slice(0, 100);
}
