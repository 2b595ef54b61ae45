import { useEffect, useState } from 'preact/hooks';

import { CacheView } from './cache/cache-view.js';
import { ChatView } from './chat/chat-view.js';
import type { Chats } from './chat/chats.js';
import { EngineView } from './engine/engine-view.js';
import { ExpertsView } from './experts/experts-view.js';
import type { Connection } from './shared/connection.js';
import { useStore } from './shared/hooks.js';
import { KeyDialog } from './shared/key-dialog.js';
import { view } from './shared/route.js';
import type { View } from './shared/views.js';
import { Shell } from './shell/shell.js';
import { VectorsView } from './vectors/vectors-view.js';

interface AppProps {
  readonly connection: Connection;
  readonly chats: Chats;
}

const TITLES: Readonly<Record<View, string>> = {
  chat: 'Chat',
  cache: 'Cache',
  engine: 'Engine',
  experts: 'Experts',
};

export function App({ connection, chats }: AppProps) {
  const current = useStore(view);
  const status = useStore(connection.status);
  const facts = useStore(connection.facts);
  const [asksKey, setAsksKey] = useState(false);
  const isLocked = status.kind === 'locked';
  useEffect(() => {
    if (isLocked) setAsksKey(true);
  }, [status]);
  useEffect(() => {
    document.title = `${TITLES[current]} · ${facts?.modelName ?? 'Radish'}`;
  }, [current, facts]);
  const home =
    facts !== null && facts.ability !== 'chat' ? (
      <VectorsView facts={facts} />
    ) : (
      <ChatView chats={chats} facts={status.kind === 'open' ? facts : null} />
    );
  return (
    <Shell
      connection={connection}
      news={chats.news}
      onKeys={() => {
        setAsksKey(true);
      }}
    >
      {current === 'chat' && home}
      {current === 'cache' && <CacheView connection={connection} />}
      {current === 'engine' && <EngineView connection={connection} />}
      {current === 'experts' && <ExpertsView connection={connection} />}
      {asksKey && (
        <KeyDialog
          wasWrong={isLocked && status.wasWrong}
          onClose={() => {
            setAsksKey(false);
          }}
        />
      )}
    </Shell>
  );
}
