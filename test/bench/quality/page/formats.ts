import type { Quantization } from '../../../../src/model/quantize/format.js';
import type { KvCacheDtype } from '../../../../src/model/target.js';

/** One point of the page. */
export type PageFormat = RadishFormat | LlamaFormat;

/** A format of Radish's, and what it is read from. */
export interface RadishFormat {
  readonly engine: 'radish';
  readonly id: string;
  readonly quantization: Quantization;
  readonly kvCacheDtype: KvCacheDtype;
  /** The file of llama.cpp's that it is read from; null = the turned folder. */
  readonly file: LlamaFormat['id'] | null;
}

/** A file that llama-quantize writes, read by llama.cpp; the id is its name there. */
export interface LlamaFormat {
  readonly engine: 'llama.cpp';
  readonly id: string;
}

/** In the order of the table. */
export const PAGE_FORMATS: readonly PageFormat[] = [
  radish('none', 'none', 'fp32'),
  radish('int8', 'int8', 'fp32'),
  radish('w8a8_int8', 'w8a8_int8', 'int8'),
  radish('w8a8_int8+fp32', 'w8a8_int8', 'fp32'),
  radish('int4', 'int4', 'fp32'),
  { ...radish('Q4_K_M.gguf', 'auto', 'auto'), file: 'Q4_K_M' },
  ...['F16', 'Q8_0', 'Q6_K', 'Q5_K_M', 'Q4_K_M', 'IQ4_NL', 'IQ4_XS', 'Q4_0', 'Q3_K_M'].map(
    (id): LlamaFormat => ({ engine: 'llama.cpp', id }),
  ),
];

/** What people read in the place of an id that is none of a flag's words. */
const NAMES: Readonly<Record<string, string>> = {
  'w8a8_int8+fp32': 'w8a8_int8, fp32 KV',
  'Q4_K_M.gguf': 'Q4_K_M file',
};

export function nameOf(id: string): string {
  return NAMES[id] ?? id;
}

/** Those that were asked for, by id; all where nobody says. @throws on an unknown id */
export function chosenFormats(ids: string | undefined): readonly PageFormat[] {
  if (ids === undefined) return PAGE_FORMATS;
  return ids.split(',').map((id) => {
    const format = PAGE_FORMATS.find((known) => known.id === id);
    if (format !== undefined) return format;
    throw new Error(`no format ${id}; there are ${PAGE_FORMATS.map((f) => f.id).join(', ')}`);
  });
}

function radish(id: string, quantization: Quantization, kvCacheDtype: KvCacheDtype): RadishFormat {
  return { engine: 'radish', id, quantization, kvCacheDtype, file: null };
}
