import { useRef } from 'preact/hooks';

import { Button, IconButton } from '../shared/button.js';
import { sentenceOf } from '../shared/failure.js';
import { useStore } from '../shared/hooks.js';
import { Icon } from '../shared/icons.js';
import { saveFile } from '../shared/save-file.js';
import type { Chats } from './chats.js';
import { readExport, writeExport } from './export.js';

interface ConversationListProps {
  readonly chats: Chats;
  readonly onChosen: () => void;
}

export function ConversationList({ chats, onChosen }: ConversationListProps) {
  const list = useStore(chats.list);
  const { id: current } = useStore(chats.current);
  const picker = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    try {
      const conversations = readExport(await file.text());
      chats.add(conversations);
      chats.news.set(`${conversations.length} conversations were imported.`);
    } catch (error) {
      chats.news.set(sentenceOf(error));
    }
  };
  return (
    <nav class="conversations" aria-label="Conversations">
      <Button
        onClick={() => {
          chats.begin();
          onChosen();
        }}
      >
        <Icon name="plus" />
        New conversation
      </Button>
      <ul>
        {list.map((one) => (
          <li key={one.id} class={one.id === current ? 'current' : ''}>
            <button
              type="button"
              class="conversation"
              aria-current={one.id === current ? 'true' : undefined}
              onClick={() => {
                chats.open(one.id);
                onChosen();
              }}
            >
              {one.title || 'Untitled'}
            </button>
            <IconButton
              icon="trash"
              label={`Delete ${one.title || 'Untitled'}`}
              onClick={() => {
                chats.delete(one.id);
              }}
            />
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
