import type { GgufFields } from '../fields.js';
import { addedTokens, aroundAsAsked, pairOf, vocabOf } from './parts.js';
import { preTokenizerOf } from './pre-tokenizers.js';
import type { Vocabulary } from './vocabulary.js';

type Json = Readonly<Record<string, unknown>>;

const BYTE_LEVEL = {
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: false,
  use_regex: false,
};

/** BPE over the bytes of a text; `tokenizer.ggml.pre` says how the text is cut before. */
export function gpt2Tokenizer(vocabulary: Vocabulary, fields: GgufFields): Json {
  const { preTokenizers, normalizer, ignoresMerges, addsBos } = preTokenizerOf(fields);
  const asked = aroundAsAsked(vocabulary, fields, { bos: addsBos, eos: false });
  return {
    version: '1.0',
    added_tokens: addedTokens(vocabulary),
    normalizer,
    pre_tokenizer: { type: 'Sequence', pretokenizers: preTokenizers },
    post_processor: asked ?? BYTE_LEVEL,
    decoder: BYTE_LEVEL,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: ignoresMerges,
      vocab: vocabOf(vocabulary),
      merges: fields.texts('tokenizer.ggml.merges').map(pairOf),
    },
  };
}
