import { useEffect, useRef, useState } from 'preact/hooks';

import { IconButton } from '../shared/button.js';
import { sentenceOf } from '../shared/failure.js';
import { Fault } from '../shared/fault.js';
import { Icon } from '../shared/icons.js';
import { attachmentOf, withAttachments, type Attachment } from './attach.js';

interface ComposerProps {
  /** True while an answer is made: the button stops it. */
  readonly isLive: boolean;
  readonly canSend: boolean;
  readonly onSend: (text: string) => void;
  readonly onStop: () => void;
}

/** Where one writes: Enter sends, Shift+Enter breaks the line, Escape stops the answer; files of text may be dropped. */
export function Composer({ isLive, canSend, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState('');
  const [files, setFiles] = useState<readonly Attachment[]>([]);
  const [fault, setFault] = useState('');
  const [isOver, setOver] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  useEffect(() => {
    fit(area.current);
  }, [text]);

  const take = async (given: Iterable<File>): Promise<void> => {
    setFault('');
    for (const file of given) {
      try {
        const attachment = attachmentOf(file.name, new Uint8Array(await file.arrayBuffer()));
        setFiles((before) => [...before, attachment]);
      } catch (error) {
        setFault(sentenceOf(error));
      }
    }
  };
  const send = (): void => {
    const said = withAttachments(text.trim(), files);
    if (said === '' || isLive || !canSend) return;
    onSend(said);
    setText('');
    setFiles([]);
  };

  return (
    <form
      class={isOver ? 'composer over' : 'composer'}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take(event.dataTransfer?.files ?? []);
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
                  setFiles(files.filter((one) => one !== file));
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
            void take(event.currentTarget.files ?? []);
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
            setText(event.currentTarget.value);
          }}
          onPaste={(event) => {
            const pasted = event.clipboardData?.files ?? [];
            if (pasted.length > 0) void take(pasted);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape' && isLive) onStop();
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        {isLive ? (
          <button type="button" class="send" aria-label="Stop" title="Stop (Esc)" onClick={onStop}>
            <Icon name="stop" />
          </button>
        ) : (
          <button
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

/** As high as its text, within what the style sheet allows. */
function fit(area: HTMLTextAreaElement | null): void {
  if (area === null) return;
  area.style.height = 'auto';
  area.style.height = `${area.scrollHeight}px`;
}
