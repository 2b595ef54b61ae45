import { useState } from 'preact/hooks';

import { Dialog } from './dialog.js';
import { giveKeys, keys } from './key.js';

interface KeyDialogProps {
  readonly wasWrong: boolean;
  readonly onClose: () => void;
}

/** Asks for what opens this server. */
export function KeyDialog({ wasWrong, onClose }: KeyDialogProps) {
  const [plain, setPlain] = useState(keys.value.plain ?? '');
  const [admin, setAdmin] = useState(keys.value.admin ?? '');
  return (
    <Dialog title="Keys of this server" onClose={onClose}>
      <form
        class="settings"
        onSubmit={(event) => {
          event.preventDefault();
          giveKeys({ plain: plain.trim() || null, admin: admin.trim() || null });
          onClose();
        }}
      >
        {wasWrong && (
          <p class="fault" role="alert">
            The server does not know this key.
          </p>
        )}
        <KeyField label="API key" isFirst value={plain} onChange={setPlain} />
        <KeyField
          label="Admin key"
          hint="only to see texts of prompts, to abort and to record"
          value={admin}
          onChange={setAdmin}
        />
        <p class="hint">Kept in this tab alone, until it is closed.</p>
        <button type="submit" class="button main">
          Use
        </button>
      </form>
    </Dialog>
  );
}

interface KeyFieldProps {
  readonly label: string;
  readonly hint?: string;
  /** The focus begins here. */
  readonly isFirst?: boolean;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function KeyField({ label, hint, isFirst = false, value, onChange }: KeyFieldProps) {
  return (
    <label>
      <span>
        {label}
        {hint !== undefined && <span class="hint"> {hint}</span>}
      </span>
      <input
        type="password"
        autofocus={isFirst}
        autocomplete="off"
        value={value}
        onInput={(event) => {
          onChange(event.currentTarget.value);
        }}
      />
    </label>
  );
}
