/** Vocabularies without a tokenizer.json, as transformers converts them: convert_slow_tokenizer.py of 4.57. */
import { isObject } from './added-tokens.js';
import type { Json } from './hf-tokenizers.js';
import type { SlowKind } from './tokenizer-classes.js';

const BYTE_LEVEL = {
  type: 'ByteLevel',
  add_prefix_space: true,
  trim_offsets: true,
  use_regex: true,
};
const QWEN2_SPLIT =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" +
  '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** The files of a vocabulary, as text. */
export interface SlowFiles {
  /** vocab.txt */
  readonly vocabTxt: string | null;
  /** vocab.json */
  readonly vocabJson: Json | null;
  /** merges.txt */
  readonly merges: string | null;
}

/** The tokenizer.json without its special tokens and its post-processor; null where files are missing. */
export function convertSlow(kind: SlowKind, files: SlowFiles, config: Json): Json | null {
  if (kind === 'bert') return files.vocabTxt === null ? null : wordPiece(files.vocabTxt, config);
  const { vocabJson, merges } = files;
  if (vocabJson === null || merges === null) return null;
  const level = { ...BYTE_LEVEL, add_prefix_space: config['add_prefix_space'] === true };
  return {
    ...EMPTY,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: vocabJson,
      merges: kind === 'qwen2' ? qwen2Merges(merges) : gpt2Merges(merges),
    },
    ...(kind === 'qwen2' ? qwen2Parts() : { pre_tokenizer: level }),
    decoder: BYTE_LEVEL,
  };
}

const EMPTY = { version: '1.0', added_tokens: [], normalizer: null, post_processor: null };

function wordPiece(vocabTxt: string, config: Json): Json {
  const { unk_token: unk } = config;
  const named = isObject(unk) ? unk['content'] : unk;
  return {
    ...EMPTY,
    model: {
      type: 'WordPiece',
      unk_token: typeof named === 'string' ? named : '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: linesOf(vocabTxt),
    },
    // The class puts its flags there.
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  };
}

/** Token by line, as Python reads a text; of two equal lines the later one counts. */
function linesOf(text: string): Json {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return Object.fromEntries(lines.map((line, id) => [line, id]));
}

function qwen2Parts(): Json {
  return {
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: QWEN2_SPLIT }, behavior: 'Isolated', invert: false },
        { ...BYTE_LEVEL, add_prefix_space: false, use_regex: false },
      ],
    },
  };
}

/** The first line and what follows the last newline do not count, whatever they are. */
function gpt2Merges(text: string): readonly (readonly string[])[] {
  return text.replace(/\r\n?/g, '\n').split('\n').slice(1, -1).map(pairOf);
}

function qwen2Merges(text: string): readonly (readonly string[])[] {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const first = lines[0]?.startsWith('#version:') === true ? 1 : 0;
  return lines
    .slice(first)
    .filter((line) => line.trim() !== '')
    .map(pairOf);
}

function pairOf(line: string): readonly string[] {
  return line.trim().split(/\s+/);
}

/** Special tokens by role with their ids. */
export type IdByRole = (role: string) => { readonly token: string; readonly id: number };

/** What a conversion puts around a text. */
export function slowPostProcessor(kind: SlowKind, config: Json, special: IdByRole): Json {
  switch (kind) {
    case 'bert':
      return { post_processor: bertTemplate(special) };
    case 'roberta':
      return {
        post_processor: {
          type: 'RobertaProcessing',
          sep: pairFor(special, 'sep_token'),
          cls: pairFor(special, 'cls_token'),
          trim_offsets: true,
          add_prefix_space: config['add_prefix_space'] === true,
        },
      };
    case 'gpt2':
      return config['add_bos_token'] === true
        ? { post_processor: bosTemplate(special) }
        : { post_processor: { ...BYTE_LEVEL, trim_offsets: false } };
    case 'qwen2':
      return { post_processor: { ...BYTE_LEVEL, trim_offsets: false } };
  }
}

function bertTemplate(special: IdByRole): Json {
  const [cls, sep] = [special('cls_token'), special('sep_token')];
  const single = [token(cls, 0), sequence('A', 0), token(sep, 0)];
  return template(single, [...single, sequence('B', 1), token(sep, 1)], [cls, sep]);
}

function bosTemplate(special: IdByRole): Json {
  const bos = special('bos_token');
  const single = [token(bos, 0), sequence('A', 0)];
  return template(single, [...single, sequence('B', 1)], [bos]);
}

type Special = ReturnType<IdByRole>;

function template(single: unknown, pair: unknown, used: readonly Special[]): Json {
  const special_tokens = Object.fromEntries(
    used.map(({ token: name, id }) => [name, { id: name, ids: [id], tokens: [name] }]),
  );
  return { type: 'TemplateProcessing', single, pair, special_tokens };
}

function token({ token: id }: Special, type_id: number): Json {
  return { SpecialToken: { id, type_id } };
}

function sequence(id: string, type_id: number): Json {
  return { Sequence: { id, type_id } };
}

function pairFor(special: IdByRole, role: string): readonly [string, number] {
  const { token: name, id } = special(role);
  return [name, id];
}
