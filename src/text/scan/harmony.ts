import type { Input, Reading } from './input.js';

const START = '<|start|>';
const CHANNEL = '<|channel|>';
const MESSAGE = '<|message|>';
const ENDS = ['<|end|>', '<|call|>', '<|return|>'];
const MAX_HEADER_CHARS = 512;

/** One message of the harmony format, of which an answer has several. */
export interface HarmonyMessage {
  /** `analysis`, `commentary`, `final`; empty = it names none. */
  readonly channel: string;
  /** `functions.f`; null = whoever asked. */
  readonly recipient: string | null;
  /** All that came before its body. */
  readonly header: string;
}

export interface HarmonyHandlers {
  /** What stands in no message. */
  readonly text: (text: string) => void;
  /** Reads one body, {@link readBody} to its end. */
  readonly message: (message: HarmonyMessage) => Reading;
}

/** Messages as gpt-oss writes them: `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final…`. */
export function* readHarmony(input: Input, { text, message }: HarmonyHandlers): Reading {
  for (;;) {
    const marker = yield* input.until([START, CHANNEL], text);
    if (marker === null) return;
    const header = yield* input.word([MESSAGE], MAX_HEADER_CHARS);
    if (header === null) text(marker);
    else yield* message(parseHeader(marker + header + MESSAGE));
  }
}

/** The rest of a body; what ended it, null = the answer did or the next message began. */
export function* readBody(input: Input, handOn: (text: string) => void): Reading<string | null> {
  const marker = yield* input.until([...ENDS, START, CHANNEL], handOn);
  if (marker === null || ENDS.includes(marker)) return marker;
  input.putBack(marker);
  return null;
}

function parseHeader(header: string): HarmonyMessage {
  return {
    channel: /<\|channel\|>\s*(\w+)/.exec(header)?.[1]?.toLowerCase() ?? '',
    recipient: /\bto=([\w.-]+)/.exec(header)?.[1] ?? null,
    header,
  };
}
