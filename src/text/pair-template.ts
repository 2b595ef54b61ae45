type Json = Readonly<Record<string, unknown>>;

/** Two encoded texts as one sequence. */
export interface EncodedPair {
  /** `[length]` */
  readonly ids: Int32Array;
  /** `[length]`: which of the two texts a token belongs to, as the model was trained. */
  readonly typeIds: Int32Array;
}

/** One part of the sequence: the first text, the second one, or special tokens. */
interface Part {
  readonly source: 'first' | 'second' | readonly number[];
  readonly typeId: number;
}

/**
 * How the post-processor of a tokenizer.json joins two texts, e.g. BERT's `[CLS] A [SEP] B [SEP]`.
 * The texts are encoded one by one, then joined, as Hugging Face's Rust library does.
 */
export class PairTemplate {
  readonly #parts: readonly Part[];

  constructor(tokenizerJson: Json) {
    this.#parts = partsOf(tokenizerJson['post_processor']) ?? BARE;
  }

  /** One sequence of two texts, which come without special tokens. */
  join(first: Int32Array, second: Int32Array): EncodedPair {
    const ids: number[] = [];
    const typeIds: number[] = [];
    for (const { source, typeId } of this.#parts) {
      const part = source === 'first' ? first : source === 'second' ? second : source;
      for (const id of part) {
        ids.push(id);
        typeIds.push(typeId);
      }
    }
    return { ids: Int32Array.from(ids), typeIds: Int32Array.from(typeIds) };
  }
}

/** Parts of a pair where the tokenizer has no template: the two texts alone. */
const BARE: readonly Part[] = [
  { source: 'first', typeId: 0 },
  { source: 'second', typeId: 1 },
];

/** Parts of a pair by a post-processor; null for one that adds no tokens. */
function partsOf(processor: unknown): readonly Part[] | null {
  if (!isObject(processor)) return null;
  switch (processor['type']) {
    case 'Sequence':
      return firstOf(processor['processors']);
    case 'TemplateProcessing':
      return templateParts(processor);
    case 'BertProcessing':
      return bertParts(processor);
    case 'RobertaProcessing':
      return robertaParts(processor);
    default:
      return null;
  }
}

function firstOf(processors: unknown): readonly Part[] | null {
  for (const processor of listOf(processors)) {
    const parts = partsOf(processor);
    if (parts !== null) return parts;
  }
  return null;
}

/** `pair` lists `{"Sequence": {"id": "B", "type_id": 1}}` and `{"SpecialToken": {"id": "[SEP]", …}}`. */
function templateParts(processor: Json): readonly Part[] | null {
  const tokens = isObject(processor['special_tokens']) ? processor['special_tokens'] : {};
  const parts = listOf(processor['pair']).flatMap((piece): Part[] => {
    if (!isObject(piece)) return [];
    const sequence = piece['Sequence'];
    if (isObject(sequence)) {
      return [{ source: sequence['id'] === 'A' ? 'first' : 'second', typeId: typeIdOf(sequence) }];
    }
    const special = piece['SpecialToken'];
    if (!isObject(special)) return [];
    const token = tokens[String(special['id'])];
    const ids = listOf(isObject(token) ? token['ids'] : null).filter(isNumber);
    return [{ source: ids, typeId: typeIdOf(special) }];
  });
  return parts.length > 0 ? parts : null;
}

/** `[CLS] A [SEP]` of type 0, `B [SEP]` of type 1. */
function bertParts(processor: Json): readonly Part[] {
  const cls = idOf(processor['cls']);
  const sep = idOf(processor['sep']);
  return [
    { source: cls, typeId: 0 },
    { source: 'first', typeId: 0 },
    { source: sep, typeId: 0 },
    { source: 'second', typeId: 1 },
    { source: sep, typeId: 1 },
  ];
}

/** `<s> A </s> </s> B </s>`, one type for all. */
function robertaParts(processor: Json): readonly Part[] {
  const cls = idOf(processor['cls']);
  const sep = idOf(processor['sep']);
  const sources = [cls, 'first', [...sep, ...sep], 'second', sep] as const;
  return sources.map((source) => ({ source, typeId: 0 }));
}

/** Ids of a token as BertProcessing names it: `["[SEP]", 102]`. */
function idOf(value: unknown): readonly number[] {
  return listOf(value).filter(isNumber);
}

function typeIdOf(piece: Json): number {
  return isNumber(piece['type_id']) ? piece['type_id'] : 0;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
