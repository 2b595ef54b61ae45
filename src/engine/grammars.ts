import { refuse } from '../core/errors.js';
import { grammarKey, type GrammarSpec } from '../core/grammar.js';
import { pythonRepr } from '../text/python-repr.js';
import type { GenerateEntry } from './request.js';

/** Where grammars are compiled. */
export interface GrammarCompiler {
  /**
   * Settles when requests may use it; what is wrong with it, or null. Rejects where nobody can tell. It is null as
   * soon as nobody waits.
   */
  prepare(spec: GrammarSpec, nobodyWaits: AbortSignal): Promise<string | null>;
}

export interface GrammarDeps {
  /** Null with `--grammar-backend none`. */
  readonly grammars: GrammarCompiler | null;
  readonly eosTokenIds: readonly number[];
  /** Nobody waits any more: what is not compiled by then does not matter. */
  readonly allAborted: AbortSignal;
}

const NO_BACKEND =
  'Grammar-based generation (json_schema, regex, ebnf, structural_tag) is not supported when the server is launched with --grammar-backend none';
const NO_END =
  'Grammar-based generation needs a token that ends an answer, and this model has none: give stop_token_ids.';
/** Characters of a grammar that an error repeats. */
const SHOWN_CHARS = 200;

/** Compiles the grammars of a request, which waits for them without holding up others. @throws RequestError */
export async function prepareGrammars(
  entries: readonly GenerateEntry[],
  { grammars, eosTokenIds, allAborted }: GrammarDeps,
): Promise<void> {
  const specs = new Map<string, GrammarSpec>();
  for (const { sampling } of entries) {
    if (sampling.grammar === null) continue;
    if (eosTokenIds.length + sampling.stopTokenIds.length === 0) refuse(NO_END);
    specs.set(grammarKey(sampling.grammar.spec), sampling.grammar.spec);
  }
  if (specs.size === 0) return;
  if (grammars === null) return refuse(NO_BACKEND);
  for (const spec of specs.values()) {
    const why = await grammars.prepare(spec, allAborted);
    if (why !== null) refuse(`Invalid grammar request: req.grammar_key=${shown(spec)}: ${why}`);
  }
}

/** SGLang's key of a grammar, as Python prints it. */
function shown(spec: GrammarSpec): string {
  const [kind, text] = keyOf(spec);
  const cut = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
  return `('${kind}', ${pythonRepr(cut)})`;
}

function keyOf(spec: GrammarSpec): readonly [string, string] {
  switch (spec.kind) {
    case 'json':
      return ['json', spec.schema];
    case 'regex':
      return ['regex', spec.pattern];
    case 'ebnf':
      return ['ebnf', spec.text];
    case 'structural':
      return [
        'structural_tag',
        JSON.stringify({ structures: spec.structures, triggers: spec.triggers }),
      ];
  }
}
