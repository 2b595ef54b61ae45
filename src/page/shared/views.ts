export const VIEWS = ['chat', 'cache', 'engine', 'experts'] as const;
export type View = (typeof VIEWS)[number];

/** The view that an address's hash names; nothing else of the address means anything. */
export function viewOf(hash: string): View {
  const name = hash.replace(/^#\/?/, '');
  return VIEWS.find((view) => view === name) ?? 'chat';
}

export function hashOf(view: View): string {
  return view === 'chat' ? '#/' : `#/${view}`;
}
