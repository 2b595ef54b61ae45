import { useRef, useState } from 'preact/hooks';

import { Button, IconButton } from '../shared/button.js';
import { CopyButton } from '../shared/copy-button.js';
import { focusBranch } from './focus.js';
import { Markdown } from './markdown-view.js';
import type { Message } from './message.js';
import { StatsLine } from './stats-line.js';
import { TokenView } from './token-view.js';
import { ToolCalls } from './tool-calls.js';

export interface MessageActions {
  readonly onChoose: (id: string) => void;
  readonly onEdit: (id: string, content: string) => void;
  readonly onRegenerate: (id: string) => void;
  readonly onDelete: (id: string) => void;
  readonly onAnswerCalls: (id: string, results: ReadonlyMap<string, string>) => void;
  readonly onShowRequest: (id: string) => void;
}

interface MessageViewProps extends MessageActions {
  readonly message: Message;
  /** All in its place, itself among them. */
  readonly siblings: readonly string[];
  readonly isLive: boolean;
  readonly isLast: boolean;
  readonly canAsk: boolean;
}

const NAMES = { user: 'You', assistant: 'Model', tool: 'Tool' } as const;

export function MessageView(props: MessageViewProps) {
  const { message, isLive } = props;
  const [isEditing, setEditing] = useState(false);
  const [showsTokens, setShowsTokens] = useState(false);
  const box = useRef<HTMLLIElement>(null);
  return (
    <li ref={box} class={`message ${message.role}`} data-message={message.id} aria-busy={isLive}>
      <h2 class="message-name">{NAMES[message.role]}</h2>
      {isEditing ? (
        <Editor
          content={message.content}
          onCancel={() => {
            setEditing(false);
            box.current?.querySelector<HTMLElement>('.edit')?.focus();
          }}
          onSave={(content) => {
            setEditing(false);
            props.onEdit(message.id, content);
          }}
        />
      ) : (
        <Body {...props} showsTokens={showsTokens} />
      )}
      {message.stats !== null && <StatsLine stats={message.stats} />}
      <div class="message-actions">
        <Branches {...props} />
        <CopyButton text={() => message.content} label="Copy" />
        {message.role === 'user' && (
          <IconButton
            icon="edit"
            class="edit"
            label="Edit"
            disabled={!props.canAsk}
            onClick={() => {
              setEditing(true);
            }}
          />
        )}
        {message.role === 'assistant' && !isLive && (
          <>
            <IconButton
              icon="again"
              label="Answer again"
              disabled={!props.canAsk}
              onClick={() => {
                props.onRegenerate(message.id);
              }}
            />
            <IconButton
              icon="code"
              label="As curl or Python"
              onClick={() => {
                props.onShowRequest(message.id);
              }}
            />
          </>
        )}
        <IconButton
          icon="trash"
          label="Delete, with all below"
          onClick={() => {
            props.onDelete(message.id);
          }}
        />
        {message.tokens.length > 0 && (
          <button
            type="button"
            class="button quiet"
            aria-pressed={showsTokens}
            onClick={() => {
              setShowsTokens(!showsTokens);
            }}
          >
            Probabilities
          </button>
        )}
      </div>
    </li>
  );
}

function Body(props: MessageViewProps & { readonly showsTokens: boolean }) {
  const { message, isLive, isLast, showsTokens } = props;
  const { content, reasoning, toolCalls, error, finish } = message;
  const isThinking = isLive && content === '' && toolCalls.length === 0;
  const isUnanswered = isLast && !isLive && error === null;
  return (
    <div class="message-body">
      {reasoning !== '' && (
        <details class="reasoning">
          <summary>{isThinking ? 'Thinking…' : 'Thoughts'}</summary>
          <Markdown text={reasoning} />
        </details>
      )}
      {showsTokens ? (
        <TokenView tokens={message.tokens} />
      ) : message.role === 'assistant' ? (
        <Markdown text={content} />
      ) : (
        <p class="said">{content}</p>
      )}
      {toolCalls.length > 0 && (
        <ToolCalls
          calls={toolCalls}
          onAnswer={
            isUnanswered
              ? (results) => {
                  props.onAnswerCalls(message.id, results);
                }
              : null
          }
        />
      )}
      {isLive && <span class="cursor" aria-hidden="true" />}
      {error !== null && <p class="fault">{error}</p>}
      {finish === 'length' && <p class="note">Cut at the most tokens that an answer may have.</p>}
      {finish === 'abort' && error === null && <p class="note">Stopped.</p>}
    </div>
  );
}

/** Which of several messages in one place is shown. */
function Branches({ message, siblings, onChoose }: MessageViewProps) {
  if (siblings.length < 2) return null;
  const at = siblings.indexOf(message.id);
  const step = (by: number, icon: 'left' | 'right', label: string) => (
    <IconButton
      icon={icon}
      label={label}
      disabled={siblings[at + by] === undefined}
      onClick={() => {
        const id = siblings[at + by];
        if (id === undefined) return;
        onChoose(id);
        // The button goes with its message.
        setTimeout(focusBranch, 0, id, label);
      }}
    />
  );
  return (
    <span class="branches">
      {step(-1, 'left', 'The branch before')}
      <span>
        {at + 1} of {siblings.length}
      </span>
      {step(1, 'right', 'The next branch')}
    </span>
  );
}

interface EditorProps {
  readonly content: string;
  readonly onSave: (content: string) => void;
  readonly onCancel: () => void;
}

function Editor({ content, onSave, onCancel }: EditorProps) {
  const [text, setText] = useState(content);
  return (
    <div class="editor">
      <textarea
        aria-label="Edit the message"
        rows={Math.min(12, text.split('\n').length + 1)}
        value={text}
        ref={(area) => {
          if (area !== null && document.activeElement !== area) area.focus();
        }}
        onInput={(event) => {
          setText(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.preventDefault();
            onCancel();
          }
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onSave(text);
        }}
      />
      <div class="row">
        <Button
          kind="main"
          disabled={text.trim() === ''}
          onClick={() => {
            onSave(text);
          }}
        >
          Ask again
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </div>
  );
}
