/**
 * The decoders of Hugging Face's library as stages that take tokens one by one and hand on what no later
 * token can change. All pieces together are what the library makes of the whole list.
 */
import { isObject, listOf } from './added-tokens.js';
import { bytesOfToken } from './byte-alphabet.js';
import { ByteFallback } from './byte-fallback.js';
import { countAtEnd, countAtStart, FusedReplace, FusedStrip, type Stage } from './fused-stages.js';
import { libraryDecoder, type Json } from './hf-tokenizers.js';

/** True where tokens are spelled in GPT-2's byte alphabet. */
export function hasByteLevel(decoder: unknown): boolean {
  return flatten(decoder).some((one) => one['type'] === 'ByteLevel');
}

/** Stages of a decoder's JSON, in order. @param decoder null = tokens with spaces between them */
export function createStages(decoder: unknown): readonly Stage[] {
  const stages: Stage[] = [];
  let isFused = false;
  for (const one of flatten(decoder)) {
    const type = String(one['type']);
    const make = isFused ? (FUSED[type] ?? whole) : (STAGES[type] ?? whole);
    stages.push(make(one));
    isFused ||= type === 'Fuse' || type === 'ByteLevel';
  }
  return stages;
}

function flatten(decoder: unknown): readonly Json[] {
  if (!isObject(decoder)) return [{ type: 'None' }];
  if (decoder['type'] !== 'Sequence') return [decoder];
  return listOf(decoder['decoders']).filter(isObject).flatMap(flatten);
}

type Make = (decoder: Json) => Stage;

/** For decoders that get tokens. */
const STAGES: Readonly<Record<string, Make>> = {
  None: () => eachToken((token, i) => (i === 0 ? token : ` ${token}`)),
  BPEDecoder: bpe,
  ByteFallback: () => new ByteFallback(),
  ByteLevel: byteLevel,
  CTC: ctc,
  Fuse: () => eachToken((token) => token),
  Metaspace: metaspace,
  Replace: replace,
  Strip: strip,
  WordPiece: wordPiece,
};

/** For decoders that get fragments of one token; all others wait for the whole of it. */
const FUSED: Readonly<Record<string, Make>> = {
  Fuse: () => eachToken((fragment) => fragment),
  Replace: (decoder) => {
    const pattern = stringPattern(decoder);
    return pattern === null ? whole(decoder) : new FusedReplace(pattern, contentOf(decoder));
  },
  Strip: (decoder) =>
    new FusedStrip(contentOf(decoder), numberOf(decoder, 'start'), numberOf(decoder, 'stop')),
};

function eachToken(change: (token: string, index: number) => string): Stage {
  let index = 0;
  return { push: (token) => [change(token, index++)], end: () => [] };
}

/** The library's own decoder, once the whole token is there. */
function whole(decoder: Json): Stage {
  const decode = libraryDecoder(decoder);
  let text = '';
  return {
    push: (fragment) => {
      text += fragment;
      return [];
    },
    end: () => [decode([text])],
  };
}

/** Every token ends a word, the last one without a space behind it. */
function bpe(decoder: Json): Stage {
  const suffix = stringOf(decoder, 'suffix', '</w>');
  let last: string | null = null;
  return {
    push: (token) => {
      const before = last === null ? [] : [last.replaceAll(suffix, ' ')];
      last = token;
      return before;
    },
    end: () => (last === null ? [] : [last.replaceAll(suffix, '')]),
  };
}

function byteLevel(): Stage {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: (token) => [utf8.decode(bytesOfToken(token), { stream: true })],
    end: () => [utf8.decode()],
  };
}

function ctc(decoder: Json): Stage {
  const pad = stringOf(decoder, 'pad_token', '<pad>');
  const delimiter = stringOf(decoder, 'word_delimiter_token', '|');
  const cleans = decoder['cleanup'] !== false;
  let last: string | null = null;
  return {
    push: (token) => {
      if (token === last) return [];
      last = token;
      const text = token.replaceAll(pad, '');
      const clean = cleans ? cleanUp(text).replaceAll(delimiter, ' ') : text;
      return clean === '' ? [] : [clean];
    },
    end: () => [],
  };
}

function metaspace(decoder: Json): Stage {
  const mark = stringOf(decoder, 'replacement', '▁');
  const isOld = decoder['prepend_scheme'] === undefined && decoder['add_prefix_space'] === false;
  const keepsFirst = isOld || decoder['prepend_scheme'] === 'never';
  return eachToken((token, i) => token.replaceAll(mark, i === 0 && !keepsFirst ? '' : ' '));
}

function replace(decoder: Json): Stage {
  const pattern = stringPattern(decoder);
  const content = contentOf(decoder);
  if (pattern !== null) return eachToken((token) => token.replaceAll(pattern, () => content));
  const decode = libraryDecoder(decoder);
  return eachToken((token) => decode([token]));
}

function strip(decoder: Json): Stage {
  const content = contentOf(decoder);
  const start = numberOf(decoder, 'start');
  const stop = numberOf(decoder, 'stop');
  return eachToken((token) => {
    const left = countAtStart(token, content, start);
    const right = countAtEnd(token, content, stop);
    return token.slice(left * content.length, Math.max(0, token.length - right * content.length));
  });
}

function wordPiece(decoder: Json): Stage {
  const prefix = stringOf(decoder, 'prefix', '##');
  const cleans = decoder['cleanup'] !== false;
  return eachToken((token, i) => {
    const goesOn = token.startsWith(prefix);
    const text = i === 0 ? token : goesOn ? token.slice(prefix.length) : ` ${token}`;
    return cleans ? cleanUp(text) : text;
  });
}

const CLEAN_UPS: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

function cleanUp(text: string): string {
  return CLEAN_UPS.reduce((sum, [from, to]) => sum.replaceAll(from, to), text);
}

function stringPattern(decoder: Json): string | null {
  const { pattern } = decoder;
  const text = isObject(pattern) ? pattern['String'] : null;
  return typeof text === 'string' && text !== '' ? text : null;
}

function contentOf(decoder: Json): string {
  return stringOf(decoder, 'content', '');
}

function stringOf(decoder: Json, key: string, fallback: string): string {
  const value = decoder[key];
  return typeof value === 'string' ? value : fallback;
}

function numberOf(decoder: Json, key: string): number {
  const value = decoder[key];
  return typeof value === 'number' ? value : 0;
}
