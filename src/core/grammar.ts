/** What an answer must match, as a value: it is compiled in the grammar thread (src/grammar). */
export type GrammarSpec = JsonGrammar | RegexGrammar | EbnfGrammar | StructuralGrammar;

export interface JsonGrammar {
  readonly kind: 'json';
  /** JSON text of the schema, with its keys in the client's order. */
  readonly schema: string;
}

export interface RegexGrammar {
  readonly kind: 'regex';
  /** The whole answer matches it. */
  readonly pattern: string;
}

export interface EbnfGrammar {
  readonly kind: 'ebnf';
  /** Rules `name ::= …`; the answer is a `root`. */
  readonly text: string;
}

/** Free text in which a trigger begins one of the structures, or nothing but structures. */
export interface StructuralGrammar {
  readonly kind: 'structural';
  readonly structures: readonly Structure[];
  /** Each begins the `begin` of a structure at least. */
  readonly triggers: readonly string[];
  /** True = no free text: one structure or several. */
  readonly atLeastOne: boolean;
  /** Nothing follows the first structure. */
  readonly stopAfterFirst: boolean;
}

export interface Structure {
  readonly begin: string;
  /** JSON text of a schema. */
  readonly schema: string;
  /** True = where a grammar cannot hold the schema, any object will do. */
  readonly isLenient?: boolean;
  /** How the properties of the schema's object are written; absent = as JSON. */
  readonly tags?: ArgumentTags;
  readonly end: string;
}

/** Arguments as bare text between tags: `open` name `nameEnd` `valueOpen` value `valueEnd`, one after the other. */
export interface ArgumentTags {
  readonly open: string;
  readonly nameEnd: string;
  /** Before a value; empty = it begins at once. */
  readonly valueOpen: string;
  /** Behind a value: the first that comes. */
  readonly valueEnd: string;
  /** Tags that end a value as well, so that none can contain them. */
  readonly otherEnds: readonly string[];
  /** White space around a value that is not its own: one line break at each end, all, or none. */
  readonly trims: 'line' | 'all' | 'none';
}

export interface Grammar {
  readonly spec: GrammarSpec;
  /** Token ids that end a thought: the grammar begins after their first appearance. Null: at once. */
  readonly after: readonly number[] | null;
}

/** Two equal keys mean the same language. */
export function grammarKey(spec: GrammarSpec): string {
  return JSON.stringify(spec);
}
