import { shownDefault, type FlagSpec } from './flag-spec.js';
import { envName, FLAG_GROUPS } from './server-args.js';

const START = '<!-- flags:start -->';
const END = '<!-- flags:end -->';
const MAX_COLUMNS = 120;

/** The list of flags of docs/flags.md, one section per group, no line longer than 120 columns. */
export function renderFlags(): string {
  const sections = Object.entries(FLAG_GROUPS).map(([group, flags]) => {
    const items = Object.entries(flags as Record<string, FlagSpec>).map(([name, spec]) =>
      item(name, spec),
    );
    return `## ${group}\n\n${items.join('\n')}`;
  });
  return `${sections.join('\n\n')}\n\nEvery flag is also an environment variable: \`--page-size\` is \`${envName('page-size')}\`.`;
}

/** The document with the text between its markers replaced. @throws Error without markers */
export function withFlags(document: string): string {
  const start = document.indexOf(START);
  const end = document.indexOf(END);
  if (start < 0 || end < start) throw new Error(`The document has no ${START} … ${END}.`);
  return `${document.slice(0, start + START.length)}\n\n${renderFlags()}\n\n${document.slice(end)}`;
}

function item(name: string, spec: FlagSpec): string {
  const names = [`--${name}`, ...spec.aliases].map((flag) => `\`${flag}\``).join(', ');
  const preset = shownDefault(spec);
  const value = preset === null ? '' : ` (\`${preset}\`)`;
  const choices = spec.choices.map((choice) => `\`${choice}\``).join(', ');
  const help = choices === '' ? spec.help : `${spec.help} One of ${choices}.`;
  return wrapped(`- ${names}${value}: ${help.replaceAll('*', '\\*')}`);
}

/** An item of a list over several lines, broken at spaces. */
export function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= MAX_COLUMNS) lines[lines.length - 1] = longer;
    else lines.push(`  ${word}`);
  }
  return lines.join('\n');
}
