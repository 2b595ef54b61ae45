import { Kept } from './kept.js';
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

const tab = new Kept(() => sessionStorage);

export const keys = new Store<Keys>({ plain: tab.read(PLAIN), admin: tab.read(ADMIN) });

export function giveKeys(given: Keys): void {
  tab.write(PLAIN, given.plain);
  tab.write(ADMIN, given.admin);
  keys.set(given);
}
