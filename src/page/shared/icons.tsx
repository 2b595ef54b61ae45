/** Small pictures; the words beside them, or the label of their button, say what they mean. */
const PATHS = {
  plus: 'M8 3v10M3 8h10',
  stop: 'M4.5 4.5h7v7h-7z',
  send: 'M8 13V3M4 7l4-4 4 4',
  copy: 'M6 6h7v7H6zM3 10V3h7',
  check: 'M3 8.5l3.2 3.2L13 4.8',
  edit: 'M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3 3 13z',
  again: 'M13 8a5 5 0 1 1-1.5-3.6M13 2.5v2.6h-2.6',
  trash: 'M3.5 4.5h9M6.5 4V2.8h3V4M5 4.5l.6 8.7h4.8L11 4.5',
  left: 'M10 3L5 8l5 5',
  right: 'M6 3l5 5-5 5',
  close: 'M4 4l8 8M12 4l-8 8',
  sliders: 'M2.5 5h7M12.5 5h1M2.5 11h1M6.5 11h7M11 3.5v3M5 9.5v3',
  list: 'M3 4h10M3 8h10M3 12h10',
  code: 'M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5',
  clip: 'M12.5 7.5l-5 5a3 3 0 0 1-4.2-4.2l5.3-5.3a2 2 0 0 1 2.8 2.8l-5.2 5.2a1 1 0 0 1-1.4-1.4l4.6-4.6',
  key: 'M9.5 6.5a3 3 0 1 1-1.2-2.4M8 8.2l5.5 5.3M11.5 11.5l1.5-1.5',
  sun: 'M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1',
  moon: 'M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6z',
  half: 'M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11',
  chat: 'M2.5 3.5h11v7.5H7l-3 2.5V11H2.5z',
  cache:
    'M2.5 3h11v2.6h-11zM2.5 6.7h6.5v2.6H2.5zM10 6.7h3.5v2.6H10zM2.5 10.4h3.5V13H2.5zM7 10.4h2.5V13H7z',
  engine: 'M2.5 4h6M10.5 4h3M2.5 8h2M6.5 8h7M2.5 12h8M12.5 12h1',
  experts:
    'M2.5 2.5h3v3h-3zM6.5 2.5h3v3h-3zM10.5 2.5h3v3h-3zM2.5 6.5h3v3h-3zM6.5 6.5h3v3h-3zM10.5 6.5h3v3h-3zM2.5 10.5h3v3h-3zM6.5 10.5h3v3h-3zM10.5 10.5h3v3h-3z',
  down: 'M8 3v8M4.5 8L8 11.5 11.5 8M3 13.5h10',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of the house. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path
        class="leaf"
        d="M15.6 12c-1.6-5-5-7.4-9.6-6.6.7 4 4.200 6.600 8.600 7M16 11.600c1-5.600 4.600-8.800 10-7.800-.9 5.200-4 8-8.600 8.600"
      />
      <path
        class="root"
        d="M7 19.200c0-4.900 4-8 9-8s9 3.100 9 8c0 5.800-5.600 8.700-8.600 11.800-.2.300-.6.300-.8 0-3-3.100-8.600-6-8.600-11.800z"
      />
    </svg>
  );
}
