import { Store } from './store.js';

const NAME = 'radish.key';

/** The key of this tab; it is gone with the tab, and never part of an address. Null = none was given. */
export const key = new Store<string | null>(sessionStorage.getItem(NAME));

export function giveKey(given: string | null): void {
  if (given === null) sessionStorage.removeItem(NAME);
  else sessionStorage.setItem(NAME, given);
  key.set(given);
}
