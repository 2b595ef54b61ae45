interface TableHeadProps {
  /** Left out = none: the first column is for names without a name of their own. */
  readonly first?: string;
  /** Of texts, behind the first one. */
  readonly texts?: readonly string[];
  readonly numbers: readonly string[];
  /** The last column is for buttons. */
  readonly hasButtons?: boolean;
}

export function TableHead({ first, texts = [], numbers, hasButtons = false }: TableHeadProps) {
  return (
    <thead>
      <tr>
        {first === undefined ? <td /> : <th scope="col">{first}</th>}
        {texts.map((name) => (
          <th key={name} scope="col">
            {name}
          </th>
        ))}
        {numbers.map((name) => (
          <th key={name} scope="col" class="number">
            {name}
          </th>
        ))}
        {hasButtons && <td />}
      </tr>
    </thead>
  );
}
