import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import { Button, IconButton } from '../shared/button.js';
import { sentenceOf } from '../shared/failure.js';
import { useStore } from '../shared/hooks.js';
import { Icon } from '../shared/icons.js';
import { saveFile } from '../shared/save-file.js';
import type { Chats } from './chats.js';
import { readExport, writeExport } from './export.js';
import { focusChat } from './focus.js';
import type { Conversation } from './message.js';

interface ConversationListProps {
  readonly chats: Chats;
  readonly onChosen: () => void;
}

export function ConversationList({ chats, onChosen }: ConversationListProps) {
  const list = useStore(chats.list);
  const { id: current } = useStore(chats.current);
  const picker = useRef<HTMLInputElement>(null);
  const [renamed, rename] = useState<string | null>(null);
  const entries = useRef<HTMLUListElement>(null);
  const lastRenamed = useRef(-1);
  useLayoutEffect(() => {
    const at = list.findIndex(({ id }) => id === renamed);
    // The field is gone, and where it was taken from by a key the focus with it.
    if (at < 0 && document.activeElement === document.body) {
      entries.current?.children[lastRenamed.current]
        ?.querySelector<HTMLElement>('.rename')
        ?.focus();
    }
    lastRenamed.current = at;
  }, [renamed]);
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    try {
      const conversations = readExport(await file.text());
      chats.add(conversations);
      chats.news.set(`${conversations.length} conversations were imported.`);
    } catch (error) {
      chats.trouble.set(sentenceOf(error));
    }
    onChosen();
  };
  return (
    <nav class="conversations" aria-label="Conversations">
      <Button
        onClick={() => {
          chats.begin();
          onChosen();
          focusChat();
        }}
      >
        <Icon name="plus" />
        New conversation
      </Button>
      <ul ref={entries}>
        {list.map((one) => (
          <li key={one.id} class={one.id === current ? 'current' : ''}>
            {one.id === renamed ? (
              <NameField
                name={one.title}
                onDone={(name) => {
                  if (name !== null) chats.rename(one.id, name);
                  rename(null);
                }}
              />
            ) : (
              <Entry
                conversation={one}
                isCurrent={one.id === current}
                chats={chats}
                onChosen={onChosen}
                onRename={() => {
                  rename(one.id);
                }}
              />
            )}
          </li>
        ))}
      </ul>
      <div class="row">
        <Button
          kind="quiet"
          disabled={list.length === 0}
          onClick={() => {
            saveFile('radish-conversations.json', writeExport(chats.list.value));
          }}
        >
          Export
        </Button>
        <Button kind="quiet" onClick={() => picker.current?.click()}>
          Import
        </Button>
        <input
          ref={picker}
          type="file"
          accept="application/json,.json"
          hidden
          aria-label="Conversations to import"
          onChange={(event) => {
            void take(event.currentTarget.files?.[0]);
            event.currentTarget.value = '';
          }}
        />
      </div>
    </nav>
  );
}

interface EntryProps extends ConversationListProps {
  readonly conversation: Conversation;
  readonly isCurrent: boolean;
  readonly onRename: () => void;
}

function Entry({ conversation, isCurrent, chats, onChosen, onRename }: EntryProps) {
  const { id } = conversation;
  const name = conversation.title || 'Untitled';
  return (
    <>
      <button
        type="button"
        class="conversation"
        aria-current={isCurrent ? 'true' : undefined}
        title={name}
        onClick={() => {
          chats.open(id);
          onChosen();
        }}
        onDblClick={onRename}
      >
        {name}
      </button>
      <IconButton icon="edit" class="rename" label={`Rename ${name}`} onClick={onRename} />
      <IconButton
        icon="trash"
        label={`Delete ${name}`}
        onClick={() => {
          chats.delete(id);
        }}
      />
    </>
  );
}

interface NameFieldProps {
  readonly name: string;
  /** Null: it stays what it was. */
  readonly onDone: (name: string | null) => void;
}

/** Enter, and leaving it, take the name; Escape does not. */
function NameField({ name, onDone }: NameFieldProps) {
  const field = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);
  useLayoutEffect(() => {
    field.current?.select();
  }, []);
  const end = (given: string | null): void => {
    // Its end takes it away, and so the focus from it.
    if (isDone.current) return;
    isDone.current = true;
    onDone(given);
  };
  return (
    <input
      ref={field}
      class="conversation-name"
      aria-label="Name of the conversation"
      defaultValue={name}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return;
        event.preventDefault();
        event.stopPropagation();
        end(event.key === 'Enter' ? event.currentTarget.value : null);
      }}
      onBlur={(event) => {
        end(event.currentTarget.value);
      }}
    />
  );
}
