import { Store } from './store.js';

export const VIEWS = ['chat', 'cache', 'engine', 'experts'] as const;
export type View = (typeof VIEWS)[number];

/** The view that an address's hash names; nothing else of the address means anything. */
export function viewOf(hash: string): View {
  const name = hash.replace(/^#\/?/, '');
  return VIEWS.find((view) => view === name) ?? 'chat';
}

export function hashOf(view: View): string {
  return view === 'chat' ? '#/' : `#/${view}`;
}

export const view = new Store<View>('chat');

/** Follows the address from here on. */
export function watchAddress(): void {
  const read = (): void => {
    view.set(viewOf(location.hash));
  };
  read();
  addEventListener('hashchange', read);
}
