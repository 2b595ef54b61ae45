import { Store } from './store.js';

/** What this tab was given; it is gone with the tab, and never part of an address. Null = nothing. */
export interface Keys {
  /** `--api-key` */
  readonly plain: string | null;
  /** `--admin-api-key`: texts of prompts, and what changes the server for everybody. */
  readonly admin: string | null;
}

const PLAIN = 'radish.key';
const ADMIN = 'radish.admin-key';

export const keys = new Store<Keys>({
  plain: sessionStorage.getItem(PLAIN),
  admin: sessionStorage.getItem(ADMIN),
});

export function giveKeys(given: Keys): void {
  keep(PLAIN, given.plain);
  keep(ADMIN, given.admin);
  keys.set(given);
}

function keep(name: string, key: string | null): void {
  if (key === null) sessionStorage.removeItem(name);
  else sessionStorage.setItem(name, key);
}
