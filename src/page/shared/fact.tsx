interface FactProps {
  readonly name: string;
  readonly value: string;
  /** Its tooltip. */
  readonly title?: string | undefined;
}

/** A name and its value, inside a `dl`. */
export function Fact({ name, value, title }: FactProps) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
