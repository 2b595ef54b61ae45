interface SegmentsProps<Name extends string> {
  readonly label: string;
  readonly names: readonly Name[];
  readonly chosen: Name;
  readonly onChoose: (name: Name) => void;
}

/** One of a few, side by side. */
export function Segments<Name extends string>(props: SegmentsProps<Name>) {
  const { label, names, chosen, onChoose } = props;
  return (
    <div class="segments" role="group" aria-label={label}>
      {names.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === chosen}
          onClick={() => {
            onChoose(name);
          }}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
