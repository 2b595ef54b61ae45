import { Tokenizer } from '../../../src/text/tokenizer.js';

/** Llama-2's shape: `▁` for spaces, characters it knows, and bytes `<0x..>` for all others. */
export function sentencePieceTokenizer(): Tokenizer {
  const vocab: Record<string, number> = { '<unk>': 0, '<s>': 1, '</s>': 2 };
  for (let byte = 0; byte < 256; byte++) {
    const hex = byte.toString(16).toUpperCase().padStart(2, '0');
    vocab[`<0x${hex}>`] = 3 + byte;
  }
  let next = 259;
  for (const char of '▁abcdefghijklmnopqrstuvwxyz,.!日本') vocab[char] = next++;
  const special = (id: number, content: string) => ({
    id,
    content,
    special: true,
    normalized: false,
    single_word: false,
    lstrip: false,
    rstrip: false,
  });
  return new Tokenizer(
    {
      model: { type: 'BPE', vocab, merges: [], unk_token: '<unk>', byte_fallback: true },
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
      pre_tokenizer: null,
      post_processor: null,
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      added_tokens: [special(0, '<unk>'), special(1, '<s>'), special(2, '</s>')],
    },
    { eos_token: { content: '</s>' } },
  );
}
