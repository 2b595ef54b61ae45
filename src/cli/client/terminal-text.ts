import type { TextOutput } from '../command.js';

/** Everything but tab and line feed that a terminal would obey. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Text of a model or a server, such that a terminal shows it and does nothing else: ESC is `^[`. */
export function harmless(text: string): string {
  return text.replace(CONTROLS, (control) => {
    const code = control.charCodeAt(0);
    if (code === 13) return '';
    return code < 32 ? `^${String.fromCharCode(code + 64)}` : '\ufffd';
  });
}

export interface Paint {
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

const PLAIN: Paint = { dim: (text) => text, bold: (text) => text };
const ANSI: Paint = {
  dim: (text) => `\x1b[2m${text}\x1b[22m`,
  bold: (text) => `\x1b[1m${text}\x1b[22m`,
};

/** Colours, for a terminal that may have them. */
export function paintFor(output: TextOutput, useColor: boolean): Paint {
  return output.isTTY === true && useColor ? ANSI : PLAIN;
}

/** Whether whoever read this is gone (`| head`). */
export function isClosed(output: TextOutput): boolean {
  return 'destroyed' in output && output.destroyed === true;
}
