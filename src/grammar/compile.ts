import type { GrammarSpec, StructuralGrammar, Structure } from '../core/grammar.js';
import { parseEbnf } from './ebnf.js';
import { GrammarError, GrammarLimitError } from './errors.js';
import type { Rules } from './expr.js';
import { FIXED_LAYOUT, freeLayout, type Layout } from './json/layout.js';
import { lowerArguments, lowerSchema } from './json/lower.js';
import { parseSchemaText } from './json/schema.js';
import { MaskedGrammar } from './masks.js';
import { wholeRegex } from './regex.js';
import { buildMachine } from './states.js';
import { structuralRules, type LowerSchema } from './structural.js';
import type { Vocabulary } from './vocabulary.js';

/** UTF-16 units of a grammar. */
export const MAX_SPEC_CHARS = 512 * 1024;

/** What `--constrained-json-…` says of white space. */
export interface JsonSpace {
  /** Regular expression of what may stand between two tokens; null = one space. */
  readonly pattern: string | null;
  /** Exactly `, ` and `: `. */
  readonly isFixed: boolean;
}

/** @throws GrammarError */
export function compileGrammar(
  spec: GrammarSpec,
  vocabulary: Vocabulary,
  space: JsonSpace,
): MaskedGrammar {
  checkSize(spec);
  try {
    const machine = buildMachine(rulesOf(spec, layoutOf(space)));
    const specials = spec.kind === 'structural' ? spelledSpecials(spec, vocabulary) : new Map();
    const grammar = new MaskedGrammar(machine, vocabulary, specials);
    grammar.start();
    return grammar;
  } catch (error) {
    if (error instanceof GrammarLimitError) throw new GrammarError(error.message);
    // Recursion goes as deep as the grammar is nested.
    if (error instanceof RangeError) throw new GrammarError('it is nested too deeply');
    throw error;
  }
}

/** @throws GrammarError for a pattern that is none */
export function layoutOf({ pattern, isFixed }: JsonSpace): Layout {
  if (isFixed) return FIXED_LAYOUT;
  return pattern === null ? freeLayout() : freeLayout(wholeRegex(pattern));
}

/** @throws GrammarError */
export function rulesOf(spec: GrammarSpec, layout: Layout): Rules {
  const lower: LowerSchema = (schema, tags) =>
    tags === undefined
      ? lowerSchema(parseSchemaText(schema), layout)
      : lowerArguments(parseSchemaText(schema), layout, tags);
  switch (spec.kind) {
    case 'json':
      return lower(spec.schema);
    case 'regex':
      return { root: 'root', rules: new Map([['root', wholeRegex(spec.pattern)]]) };
    case 'ebnf':
      return parseEbnf(spec.text);
    case 'structural':
      return structuralRules(spec, lower);
  }
}

function checkSize(spec: GrammarSpec): void {
  const numChars = JSON.stringify(spec).length;
  if (numChars > MAX_SPEC_CHARS) {
    throw new GrammarError(`it has ${numChars} characters, and ${MAX_SPEC_CHARS} is the most`);
  }
}

/** Special tokens that stand in the texts of structures, such as `<tool_call>`: there they are text. */
function spelledSpecials(
  { structures, triggers }: StructuralGrammar,
  { specials }: Vocabulary,
): ReadonlyMap<number, Uint8Array> {
  const texts = [...triggers, ...structures.flatMap(textsOf)];
  const spelled = specials.filter(([, content]) => texts.some((text) => text.includes(content)));
  return new Map(spelled.map(([id, content]) => [id, new TextEncoder().encode(content)]));
}

function textsOf({ begin, end, tags }: Structure): readonly string[] {
  if (tags === undefined) return [begin, end];
  const { open, nameEnd, valueOpen, valueEnd, otherEnds } = tags;
  return [begin, end, open, nameEnd, valueOpen, valueEnd, ...otherEnds];
}
