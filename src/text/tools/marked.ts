/** Calls between marks, and all of an answer's calls between further ones. */
import type { Reading } from '../scan/input.js';
import type { CallReading } from './format.js';

export interface Tags {
  readonly open: string;
  readonly close: string;
}

export interface Marks {
  /** Around all calls; null = each stands alone. */
  readonly section: Tags | null;
  readonly call: Tags;
}

/**
 * Reads one call behind its opening mark. Null = it was one, whose arguments are handed on; else what it took of a text
 * that is none.
 */
export type ReadOne = (reading: CallReading) => Reading<string | null>;

/** Text with calls. Marks that a model forgets are not missed, marks around what is no call are text. */
export function* readMarked(reading: CallReading, marks: Marks, readOne: ReadOne): Reading {
  const { input, out } = reading;
  const { section, call } = marks;
  const opens = section === null ? [call.open] : [section.open, call.open];
  for (;;) {
    const marker = yield* input.until(opens, out.text);
    if (marker === null) return;
    let raw = marker;
    if (marker === section?.open) {
      raw += yield* input.space();
      if (!(yield* input.take(call.open))) {
        out.text(raw);
        continue;
      }
      raw += call.open;
    }
    const refused = yield* readOne(reading);
    if (refused !== null) out.text(raw + refused);
    else yield* readOthers(reading, marks, readOne);
  }
}

/** After a call, up to the end of its section: the marks that are left, and further calls. */
function* readOthers(reading: CallReading, marks: Marks, readOne: ReadOne): Reading {
  const { input, out } = reading;
  const { section, call } = marks;
  const last = section?.close ?? call.close;
  const markers = [call.open, call.close, ...(section === null ? [] : [section.open, last])];
  for (;;) {
    const marker = yield* input.until(markers, out.text);
    if (section !== null) out.dropSpace();
    if (marker === null || marker === last) return;
    if (marker !== call.open) continue;
    const refused = yield* readOne(reading);
    if (refused !== null) out.text(marker + refused);
  }
}
