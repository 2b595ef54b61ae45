import { useEffect, useId, useState } from 'preact/hooks';

import { Fault } from '../shared/fault.js';
import { readAdapters } from './adapters.js';
import type { Settings } from './message.js';
import { faultIn } from './request.js';

interface SettingsFormProps {
  readonly settings: Settings;
  readonly hasTools: boolean;
  readonly thinks: boolean;
  readonly onChange: (settings: Settings) => void;
}

type TextName = Exclude<keyof Settings, 'probabilities'>;

const NUMBERS: readonly (readonly [TextName, string, string])[] = [
  ['temperature', 'Temperature', '0 = the likeliest'],
  ['topP', 'Top p', '0 to 1'],
  ['topK', 'Top k', 'of the likeliest'],
  ['minP', 'Min p', '0 to 1'],
  ['maxTokens', 'Most tokens', 'of an answer'],
  ['repetitionPenalty', 'Repetition penalty', '1 = none'],
  ['seed', 'Seed', 'any number'],
];

const EFFORTS = ['', 'none', 'low', 'medium', 'high'];

/** How a conversation is asked: its system prompt, sampling and tools. What is empty is left to the server. */
export function SettingsForm({ settings, hasTools, thinks, onChange }: SettingsFormProps) {
  const set = (name: TextName, value: string): void => {
    onChange({ ...settings, [name]: value });
  };
  return (
    <form
      class="settings"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <Area
        label="System prompt"
        rows={4}
        value={settings.system}
        onChange={(value) => {
          set('system', value);
        }}
      />
      <div class="settings-grid">
        {NUMBERS.map(([name, label, hint]) => (
          <label key={name}>
            {label}
            <input
              type="text"
              inputMode="decimal"
              autocomplete="off"
              placeholder={hint}
              value={settings[name]}
              onInput={(event) => {
                set(name, event.currentTarget.value);
              }}
            />
          </label>
        ))}
        <AdapterField
          adapter={settings.adapter}
          onChange={(adapter) => {
            set('adapter', adapter);
          }}
        />
        {thinks && (
          <label>
            Thinking
            <select
              value={settings.effort}
              onChange={(event) => {
                set('effort', event.currentTarget.value);
              }}
            >
              {EFFORTS.map((effort) => (
                <option key={effort} value={effort}>
                  {effort === '' ? "the model's own" : effort}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <Area
        label="Stop at"
        hint="one text a line"
        rows={2}
        value={settings.stop}
        onChange={(value) => {
          set('stop', value);
        }}
      />
      {hasTools && (
        <Area
          label="Tools"
          hint="a JSON list of functions"
          rows={6}
          isCode
          value={settings.tools}
          onChange={(value) => {
            set('tools', value);
          }}
        />
      )}
      <label class="switch">
        <input
          type="checkbox"
          checked={settings.probabilities}
          onChange={(event) => {
            onChange({ ...settings, probabilities: event.currentTarget.checked });
          }}
        />
        Ask for the probability of every token
      </label>
      <Fault sentence={faultIn(settings) ?? ''} />
    </form>
  );
}

interface AdapterFieldProps {
  readonly adapter: string;
  readonly onChange: (adapter: string) => void;
}

/** Where the server has LoRA adapters, one of them; the one that is meant is shown even where it has gone. */
function AdapterField({ adapter, onChange }: AdapterFieldProps) {
  const [adapters, setAdapters] = useState<readonly string[]>([]);
  useEffect(() => {
    // A server that cannot be asked now says so elsewhere.
    readAdapters().then(setAdapters, () => undefined);
  }, []);
  const names = [...new Set(['', ...adapters, adapter])];
  if (names.length === 1) return null;
  return (
    <label>
      Adapter
      <select
        value={adapter}
        onChange={(event) => {
          onChange(event.currentTarget.value);
        }}
      >
        {names.map((name) => (
          <option key={name} value={name}>
            {name === '' ? 'none' : name}
          </option>
        ))}
      </select>
    </label>
  );
}

interface AreaProps {
  readonly label: string;
  readonly hint?: string;
  readonly rows: number;
  readonly isCode?: boolean;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Area({ label, hint, rows, isCode = false, value, onChange }: AreaProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>
        {label}
        {hint !== undefined && <span class="hint"> {hint}</span>}
      </label>
      <textarea
        id={id}
        rows={rows}
        class={isCode ? 'code' : ''}
        spellcheck={!isCode}
        value={value}
        onInput={(event) => {
          onChange(event.currentTarget.value);
        }}
      />
    </div>
  );
}
