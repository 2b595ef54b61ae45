import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

import { IconButton } from '../shared/button.js';
import type { Connection } from '../shared/connection.js';
import { useStore } from '../shared/hooks.js';
import { Icon, Logo, type IconName } from '../shared/icons.js';
import { view } from '../shared/route.js';
import type { Store } from '../shared/store.js';
import { chooseTheme, theme, THEMES, type Theme } from '../shared/theme.js';
import { hashOf, VIEWS, type View } from '../shared/views.js';
import { StatusLine } from './status-line.js';

interface ShellProps {
  readonly connection: Connection;
  /** Told to who does not see the page. */
  readonly news: Store<string>;
  readonly onKeys: () => void;
  readonly children: ComponentChildren;
}

const LABELS: Readonly<Record<View, string>> = {
  chat: 'Chat',
  cache: 'Cache',
  engine: 'Engine',
  experts: 'Experts',
};

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { auto: 'half', light: 'sun', dark: 'moon' };
const THEME_LABELS: Readonly<Record<Theme, string>> = {
  auto: "Colours: the system's",
  light: 'Colours: light',
  dark: 'Colours: dark',
};

/** What stands around every view. */
export function Shell({ connection, news, onKeys, children }: ShellProps) {
  const current = useStore(view);
  const colours = useStore(theme);
  const facts = useStore(connection.facts);
  useViewKeys();
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        Skip to the view
      </a>
      <header class="top">
        <a class="brand" href={hashOf('chat')} aria-label="Radish">
          <Logo />
          <span>Radish</span>
        </a>
        <nav class="views" aria-label="Views">
          {VIEWS.map((name, index) => (
            <a
              key={name}
              href={hashOf(name)}
              aria-current={name === current ? 'page' : undefined}
              title={`Alt+${index + 1}`}
            >
              <Icon name={name} />
              {name === 'chat' && facts !== null && facts.ability !== 'chat'
                ? 'Texts'
                : LABELS[name]}
            </a>
          ))}
        </nav>
        <div class="top-end">
          <span class="model-name" title={facts?.modelPath}>
            {facts?.modelName}
          </span>
          <IconButton icon="key" label="Keys" onClick={onKeys} />
          <IconButton
            icon={THEME_ICONS[colours]}
            label={THEME_LABELS[colours]}
            onClick={() => {
              chooseTheme(THEMES[(THEMES.indexOf(colours) + 1) % THEMES.length] ?? 'auto');
            }}
          />
        </div>
      </header>
      <StatusLine connection={connection} />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <News news={news} />
    </div>
  );
}

/** Heard, not seen. */
function News({ news }: { readonly news: Store<string> }) {
  return (
    <p class="hidden" role="status" aria-live="polite">
      {useStore(news)}
    </p>
  );
}

/** Alt+1 to Alt+4. */
function useViewKeys(): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
      const name = VIEWS[Number(digit) - 1];
      if (!event.altKey || name === undefined) return;
      event.preventDefault();
      location.hash = hashOf(name);
    };
    addEventListener('keydown', listen);
    return () => {
      removeEventListener('keydown', listen);
    };
  }, []);
}
