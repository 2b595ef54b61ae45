import { Tokenizer } from '../../../src/text/tokenizer.js';

const EXTRA = ['hello', 'Ġworld', 'Ġthe', 'he', 'll'];
export const EOS = 300;
export const BOS = 301;
/** A special token that is not EOS. */
export const TOOL = 302;
export const VOCAB_SIZE = 303;

/** Byte-level BPE without merges: ids 0-255 are the bytes, then a few longer tokens and special ones. */
export function tinyTokenizer(withBos = false): Tokenizer {
  const vocab: Record<string, number> = {};
  byteAlphabet().forEach((char, byte) => {
    vocab[char] = byte;
  });
  EXTRA.forEach((token, i) => {
    vocab[token] = 256 + i;
  });
  // The library numbers added tokens on from the end of the vocabulary.
  for (let id = Object.keys(vocab).length; id < EOS; id++) vocab[`unused${id}`] = id;
  const special = (id: number, content: string) => ({
    id,
    content,
    special: true,
    normalized: false,
    single_word: false,
    lstrip: false,
    rstrip: false,
  });
  const template = {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<s>': { id: '<s>', ids: [BOS], tokens: ['<s>'] } },
  };
  return new Tokenizer(
    {
      model: { type: 'BPE', vocab, merges: [], unk_token: null, byte_fallback: false },
      normalizer: null,
      pre_tokenizer: {
        type: 'ByteLevel',
        add_prefix_space: false,
        trim_offsets: true,
        use_regex: true,
      },
      post_processor: withBos ? template : null,
      decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      added_tokens: [special(EOS, '</s>'), special(BOS, '<s>'), special(TOOL, '<tool>')],
    },
    { eos_token: '</s>' },
  );
}

function byteAlphabet(): string[] {
  let moved = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable =
      (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
    return String.fromCharCode(printable ? byte : 256 + moved++);
  });
}

export function idsOf(text: string): number[] {
  return [...Buffer.from(text, 'utf8')];
}
