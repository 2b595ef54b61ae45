import { randomUUID } from 'node:crypto';

/** What an id begins with says what it names. */
export type IdPrefix = 'resp' | 'msg' | 'rs' | 'fc' | 'fco' | 'cmp' | 'conv';

/** `msg_` and 32 hexadecimal digits. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`;
}
