interface GaugeProps {
  readonly label: string;
  readonly value: number;
  readonly min?: number;
  readonly max: number;
}

/** A part of a whole, as a bar. */
export function Gauge({ label, value, min = 0, max }: GaugeProps) {
  const part = max <= min ? 0 : Math.min(1, Math.max(0, (value - min) / (max - min)));
  return (
    <span
      class="gauge"
      role="meter"
      aria-label={label}
      aria-valuemin={min}
      aria-valuemax={max}
      aria-valuenow={value}
    >
      <span style={{ width: `${100 * part}%` }} />
    </span>
  );
}
