import { useState } from 'preact/hooks';

import { addressOf } from '../shared/api.js';
import { CopyButton } from '../shared/copy-button.js';
import { Dialog } from '../shared/dialog.js';
import type { JsonObject } from '../shared/json.js';
import { keys } from '../shared/key.js';
import { Segments } from '../shared/segments.js';
import { curlOf, pythonOf } from './snippets.js';

const LANGUAGES = ['curl', 'Python'] as const;

interface SnippetDialogProps {
  readonly body: JsonObject;
  readonly onClose: () => void;
}

/** A request as a program makes it. */
export function SnippetDialog({ body, onClose }: SnippetDialogProps) {
  const [language, setLanguage] = useState<(typeof LANGUAGES)[number]>('curl');
  const url = addressOf('').replace(/\/$/, '');
  const options = { url, body, hasKey: keys.value.plain !== null };
  const code = language === 'curl' ? curlOf(options) : pythonOf(options);
  return (
    <Dialog title="This request in a program" onClose={onClose}>
      <div class="row">
        <Segments label="Language" names={LANGUAGES} chosen={language} onChoose={setLanguage} />
        <CopyButton text={() => code} label={`Copy as ${language}`} showsLabel />
      </div>
      <pre class="snippet" tabIndex={0} aria-label={`The request as ${language}`} role="region">
        <code>{code}</code>
      </pre>
    </Dialog>
  );
}
