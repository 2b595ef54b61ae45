import { Kept } from './kept.js';
import { Store } from './store.js';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const NAME = 'radish.theme';

const browser = new Kept(() => localStorage);

export const theme = new Store<Theme>(kept());

export function chooseTheme(chosen: Theme): void {
  browser.write(NAME, chosen);
  theme.set(chosen);
  applyTheme();
}

/** `auto` leaves the choice to the system. */
export function applyTheme(): void {
  if (theme.value === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
}

function kept(): Theme {
  const name = browser.read(NAME);
  return THEMES.find((one) => one === name) ?? 'auto';
}
