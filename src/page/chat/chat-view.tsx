import { useEffect, useState } from 'preact/hooks';

import { Button, IconButton } from '../shared/button.js';
import { Dialog } from '../shared/dialog.js';
import type { ServerFacts } from '../shared/facts.js';
import { useStore } from '../shared/hooks.js';
import type { Chats } from './chats.js';
import { Composer } from './composer.js';
import { ConversationList } from './conversation-list.js';
import { focusChat } from './focus.js';
import { bodyOf, faultIn } from './request.js';
import { SettingsForm } from './settings-form.js';
import { SnippetDialog } from './snippet-dialog.js';
import { Thread } from './thread.js';
import { ancestorsOf, pathOf } from './tree.js';
import { NOTHING_WRITTEN } from './unsent.js';

interface ChatViewProps {
  readonly chats: Chats;
  /** Null while there is no server to ask. */
  readonly facts: ServerFacts | null;
}

type Open = 'nothing' | 'settings' | 'list';

export function ChatView({ chats, facts }: ChatViewProps) {
  const conversation = useStore(chats.current);
  const live = useStore(chats.live);
  const unsent = useStore(chats.unsent).get(conversation.id) ?? NOTHING_WRITTEN;
  const [open, setOpen] = useState<Open>('nothing');
  const [shownRequest, showRequest] = useState<string | null>(null);
  const path = pathOf(conversation);
  const answering = path.find(({ id }) => live.has(id))?.id ?? null;
  const { settings } = conversation;
  const fault = faultIn(settings);
  const canAsk = facts !== null && fault === null && answering === null;
  const model = facts?.modelName ?? 'default';
  useShortcut('n', () => {
    chats.begin();
    document.getElementById('composer')?.focus();
  });
  const close = (): void => {
    setOpen('nothing');
  };

  return (
    <div class="chat">
      <aside class="chat-side">
        <ConversationList chats={chats} onChosen={close} />
      </aside>
      <section class="chat-main" aria-label="Chat">
        <header class="view-head">
          <IconButton
            icon="list"
            label="Conversations"
            class="only-narrow"
            onClick={() => {
              setOpen('list');
            }}
          />
          <h1>{conversation.title || 'New conversation'}</h1>
          <IconButton
            icon="sliders"
            label="System prompt and sampling"
            onClick={() => {
              setOpen('settings');
            }}
          />
        </header>
        {path.length === 0 ? (
          <Welcome facts={facts} />
        ) : (
          <Thread
            conversation={conversation}
            isLive={(id) => live.has(id)}
            canAsk={canAsk}
            onChoose={(id) => {
              chats.choose(id);
            }}
            onEdit={(id, content) => {
              chats.edit(id, content, model);
              focusChat();
            }}
            onRegenerate={(id) => {
              chats.regenerate(id, model);
              focusChat();
            }}
            onDelete={(id) => {
              chats.deleteMessage(id);
              focusChat();
            }}
            onAnswerCalls={(id, results) => {
              chats.answerCalls(id, results, model);
              focusChat();
            }}
            onShowRequest={showRequest}
          />
        )}
        <TroubleLine chats={chats} />
        <UndoLine chats={chats} />
        {fault !== null && open !== 'settings' && (
          <p class="undo trouble" role="status">
            {fault}
            <Button
              kind="quiet"
              onClick={() => {
                setOpen('settings');
              }}
            >
              Change it
            </Button>
          </p>
        )}
        <Composer
          unsent={unsent}
          isLive={answering !== null}
          canSend={canAsk}
          onWrite={(change) => {
            chats.write(conversation.id, change);
          }}
          onSend={(text) => {
            chats.say(text, model);
          }}
          onStop={() => {
            if (answering !== null) chats.stop(answering);
          }}
        />
      </section>
      {open === 'settings' && (
        <Dialog title="How the model is asked" kind="drawer" onClose={close}>
          <SettingsForm
            settings={settings}
            hasTools={facts?.hasTools ?? true}
            thinks={facts?.thinks ?? true}
            onChange={(changed) => {
              chats.set(changed);
            }}
          />
        </Dialog>
      )}
      {open === 'list' && (
        <Dialog title="Conversations" kind="drawer-left" onClose={close}>
          <ConversationList chats={chats} onChosen={close} />
        </Dialog>
      )}
      {shownRequest !== null && (
        <SnippetDialog
          body={bodyOf({ model, settings, messages: ancestorsOf(conversation, shownRequest) })}
          onClose={() => {
            showRequest(null);
          }}
        />
      )}
    </div>
  );
}

/** Why something was not kept or read. */
function TroubleLine({ chats }: { readonly chats: Chats }) {
  const trouble = useStore(chats.trouble);
  return (
    <div role="alert">
      {trouble !== '' && (
        <p class="undo trouble">
          {trouble}
          <Button
            kind="quiet"
            onClick={() => {
              chats.trouble.set('');
            }}
          >
            Dismiss
          </Button>
        </p>
      )}
    </div>
  );
}

/** Gives back what was deleted last. */
function UndoLine({ chats }: { readonly chats: Chats }) {
  const deleted = useStore(chats.deleted);
  return (
    <div role="status">
      {deleted !== null && (
        <p class="undo">
          {deleted.sentence}
          <Button kind="quiet" onClick={deleted.restore}>
            Undo
          </Button>
        </p>
      )}
    </div>
  );
}

function Welcome({ facts }: { readonly facts: ServerFacts | null }) {
  return (
    <div class="welcome">
      <p class="welcome-model">{facts?.modelName ?? ' '}</p>
      {facts !== null && <p>Everything stays between this browser and this server.</p>}
    </div>
  );
}

/** Alt and a letter. */
function useShortcut(letter: string, act: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (!event.altKey || event.code !== `Key${letter.toUpperCase()}`) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', listen);
    return () => {
      removeEventListener('keydown', listen);
    };
  });
}
