import { useEffect, useRef, useState } from 'preact/hooks';

import { IconButton } from '../shared/button.js';
import { sentenceOf } from '../shared/failure.js';
import { Fault } from '../shared/fault.js';
import { Icon } from '../shared/icons.js';
import { readAttachment, withAttachments } from './attach.js';
import { focusChat } from './focus.js';
import type { Unsent } from './unsent.js';
import { useDropped } from './use-dropped.js';

interface ComposerProps {
  readonly unsent: Unsent;
  /** True while an answer is made: the button stops it. */
  readonly isLive: boolean;
  readonly canSend: boolean;
  readonly onWrite: (change: (before: Unsent) => Unsent) => void;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
}

/** Where one writes: Enter sends, Shift+Enter breaks the line, Escape stops the answer; files of text may be dropped. */
export function Composer({ unsent, isLive, canSend, onWrite, onSend, onStop }: ComposerProps) {
  const { text, files } = unsent;
  const [fault, setFault] = useState('');
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  useEffect(() => {
    fit(area.current);
  }, [text]);
  useEscape(isLive, onStop);

  const take = async (given: Iterable<File>): Promise<void> => {
    const faults: string[] = [];
    for (const file of [...given]) {
      try {
        const attachment = await readAttachment(file);
        onWrite((before) => ({ ...before, files: [...before.files, attachment] }));
      } catch (error) {
        faults.push(sentenceOf(error));
      }
    }
    setFault(faults.join(' '));
  };
  const isOver = useDropped((given) => void take(given));
  const send = (): void => {
    const said = withAttachments(text.trim(), files);
    if (said === '' || isLive || !canSend) return;
    onSend(said);
    onWrite(() => ({ text: '', files: [] }));
    setFault('');
  };

  return (
    <form
      class={isOver ? 'composer over' : 'composer'}
      onSubmit={(event) => {
        event.preventDefault();
        send();
        focusChat();
      }}
    >
      {files.length > 0 && (
        <ul class="attachments" aria-label="Files">
          {files.map((file, index) => (
            <li key={index}>
              {file.name}
              <IconButton
                icon="close"
                label={`Remove ${file.name}`}
                onClick={() => {
                  onWrite((before) => ({
                    ...before,
                    files: before.files.filter((one) => one !== file),
                  }));
                  focusChat();
                }}
              />
            </li>
          ))}
        </ul>
      )}
      <Fault sentence={fault} />
      <div class="composer-row">
        <IconButton icon="clip" label="Add text files" onClick={() => picker.current?.click()} />
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Text files"
          onChange={(event) => {
            // The list is emptied with the field.
            void take([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = '';
          }}
        />
        <textarea
          ref={area}
          id="composer"
          dir="auto"
          rows={1}
          aria-label="Message"
          placeholder="Ask something"
          value={text}
          onInput={(event) => {
            const { value } = event.currentTarget;
            onWrite((before) => ({ ...before, text: value }));
          }}
          onPaste={(event) => {
            const pasted = event.clipboardData?.files ?? [];
            if (pasted.length > 0) void take(pasted);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        {isLive ? (
          <StopButton key="stop" onStop={onStop} />
        ) : (
          <button
            key="send"
            type="submit"
            class="send"
            aria-label="Send"
            title="Send (Enter)"
            disabled={!canSend || (text.trim() === '' && files.length === 0)}
          >
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  );
}

function StopButton({ onStop }: Pick<ComposerProps, 'onStop'>) {
  return (
    <button
      type="button"
      class="send"
      aria-label="Stop"
      title="Stop (Esc)"
      onClick={({ detail: numClicks }) => {
        // The second click of a double one was meant for what stood here before.
        if (numClicks < 2) onStop();
        focusChat();
      }}
    >
      <Icon name="stop" />
    </button>
  );
}

/** Wherever the focus is, unless something there takes the key for itself. */
function useEscape(isLive: boolean, onStop: () => void): void {
  useEffect(() => {
    if (!isLive) return;
    const listen = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (document.querySelector('dialog[open]') === null) onStop();
    };
    addEventListener('keydown', listen);
    return () => {
      removeEventListener('keydown', listen);
    };
  });
}

/** As high as its text, within what the style sheet allows. */
function fit(area: HTMLTextAreaElement | null): void {
  if (area === null) return;
  area.style.height = 'auto';
  area.style.height = `${area.scrollHeight}px`;
}
