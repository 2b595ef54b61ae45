import { Store } from './store.js';
import { viewOf, type View } from './views.js';

export const view = new Store<View>('chat');

/** Follows the address from here on. */
export function watchAddress(): void {
  const read = (): void => {
    view.set(viewOf(location.hash));
  };
  read();
  addEventListener('hashchange', read);
}
