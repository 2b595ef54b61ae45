import { ToolReader } from '../../../../src/text/tools/format.js';
import type { ToolFunction, ToolPiece } from '../../../../src/text/tools/pieces.js';
import { toolFormat } from '../../../../src/text/tools/registry.js';

const string = { type: 'string' };
const integer = { type: 'integer' };

/** The functions of the tables of cases. */
export const TOOLS: readonly ToolFunction[] = [
  {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: {
        city: string,
        days: integer,
        ratio: { type: 'number' },
        is_metric: { type: 'boolean' },
        tags: { type: 'array', items: string },
        where: { type: 'object' },
        note: { anyOf: [string, { type: 'null' }] },
      },
      required: ['city'],
    },
    strict: false,
  },
  {
    name: 'add',
    parameters: { type: 'object', properties: { a: integer, b: integer } },
    strict: false,
  },
  { name: 'now', parameters: null, strict: false },
];

export interface Called {
  readonly text: string;
  /** `[name, arguments]` */
  readonly calls: readonly (readonly [string, string])[];
}

/** What a parser makes of a text that comes in these parts. */
export function called(
  parser: string,
  parts: readonly string[],
  tools: readonly ToolFunction[] = TOOLS,
): Called {
  const format = toolFormat(parser);
  if (format === null) throw new Error(`no parser ${parser}`);
  const reader = new ToolReader(format, tools);
  const pieces = parts.flatMap((part) => reader.push(part));
  return gathered([...pieces, ...reader.end()]);
}

export function gathered(pieces: readonly ToolPiece[]): Called {
  let text = '';
  const calls: [string, string][] = [];
  for (const piece of pieces) {
    const last = calls.at(-1);
    if (piece.kind === 'text') text += piece.text;
    else if (piece.kind === 'call') calls.push([piece.name, '']);
    else if (last === undefined) throw new Error('arguments before any call');
    else last[1] += piece.text;
  }
  return { text, calls };
}
