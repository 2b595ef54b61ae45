import { UsageError } from '../../config/flag-spec.js';
import { SAMPLING, type SamplingSetting } from '../client/sampling.js';

/** What is no field of a request: how answers are shown. */
export interface ViewSettings {
  /** A line of counts behind each answer. */
  readonly stats: boolean;
  /** Thoughts, dimmed. */
  readonly reasoning: boolean;
}

const VIEW: Readonly<Record<keyof ViewSettings, string>> = {
  stats: 'Counts behind each answer.',
  reasoning: 'Show the thoughts of models that think.',
};

/** Of a server that knows them. */
const EXTRA: readonly SamplingSetting[] = [
  {
    name: 'reasoning_effort',
    placeholder: 'none|low|medium|high',
    help: 'How much to think.',
    read: (text) => text,
  },
];

const FIELDS = [...SAMPLING, ...EXTRA];

/** What `/set` changes. */
export class Settings {
  #fields: Readonly<Record<string, unknown>>;
  #view: ViewSettings;

  constructor(fields: Readonly<Record<string, unknown>>, view: ViewSettings) {
    this.#fields = fields;
    this.#view = view;
  }

  /** For the body of a request. */
  get fields(): Readonly<Record<string, unknown>> {
    return this.#fields;
  }

  get view(): ViewSettings {
    return this.#view;
  }

  /** @throws UsageError */
  set(name: string, text: string): void {
    if (isView(name)) this.#view = { ...this.#view, [name]: onOrOff(text, name) };
    else this.#fields = { ...this.#fields, [name]: settingOf(name).read(text, name) };
  }

  /** Back to what the server does without it. @throws UsageError */
  unset(name: string): void {
    if (isView(name)) this.#view = { ...this.#view, [name]: true };
    else {
      settingOf(name);
      this.#fields = Object.fromEntries(
        Object.entries(this.#fields).filter(([key]) => key !== name),
      );
    }
  }

  /** All there are, one a line. */
  describe(): readonly string[] {
    const fields = FIELDS.map(({ name, help }) => {
      const value = this.#fields[name];
      return line(name, value === undefined ? '-' : JSON.stringify(value), help);
    });
    const view = (Object.keys(VIEW) as (keyof ViewSettings)[]).map((name) =>
      line(name, this.#view[name] ? 'on' : 'off', VIEW[name]),
    );
    return [...fields, ...view];
  }
}

function line(name: string, value: string, help: string): string {
  return `  ${name.padEnd(20)} ${value.padEnd(10)} ${help}`;
}

function isView(name: string): name is keyof ViewSettings {
  return Object.hasOwn(VIEW, name);
}

function settingOf(name: string): SamplingSetting {
  const found = FIELDS.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = [...FIELDS.map((one) => one.name), ...Object.keys(VIEW)].join(', ');
  throw new UsageError(`There is no setting '${name}'. There are ${names}.`);
}

function onOrOff(text: string, name: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new UsageError(`${name} is on or off, got '${text}'.`);
}
