import type { ComponentChildren } from 'preact';

import { Icon, type IconName } from './icons.js';

interface IconButtonProps {
  readonly icon: IconName;
  /** What it does; its tooltip too. */
  readonly label: string;
  readonly onClick: () => void;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly class?: string;
}

export function IconButton({
  icon,
  label,
  onClick,
  disabled,
  pressed,
  class: more,
}: IconButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${more ?? ''}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      disabled={disabled ?? false}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

interface ButtonProps {
  readonly onClick: () => void;
  readonly kind?: 'plain' | 'main' | 'quiet' | 'danger';
  readonly disabled?: boolean;
  readonly children: ComponentChildren;
}

export function Button({ onClick, kind = 'plain', disabled = false, children }: ButtonProps) {
  return (
    <button type="button" class={`button ${kind}`} disabled={disabled} onClick={onClick}>
      {children}
    </button>
  );
}
