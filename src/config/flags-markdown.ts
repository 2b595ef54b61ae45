import { shownDefault, type FlagSpec } from './flag-spec.js';
import { envName, FLAG_GROUPS } from './server-args.js';

const START = '<!-- flags:start -->';
const END = '<!-- flags:end -->';

/** The README's table of flags, one section per group. */
export function renderFlags(): string {
  const sections = Object.entries(FLAG_GROUPS).map(([group, flags]) => {
    const rows = Object.entries(flags as Record<string, FlagSpec>).map(([name, spec]) =>
      row(name, spec),
    );
    return [
      `**${group}**`,
      '',
      '| Flag | Default | Meaning |',
      '| --- | --- | --- |',
      ...rows,
    ].join('\n');
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

function row(name: string, spec: FlagSpec): string {
  const names = [`--${name}`, ...spec.aliases].map((flag) => `\`${flag}\``).join(', ');
  const preset = shownDefault(spec);
  const value = preset === null ? '' : `\`${preset}\``;
  const choices = spec.choices.map((choice) => `\`${choice}\``).join(', ');
  const help = choices === '' ? spec.help : `${spec.help} One of ${choices}.`;
  return `| ${names} | ${value} | ${help.replaceAll('|', '\\|')} |`;
}
