/** A checkbox for several: ticked, not ticked, or partly. */

import { useEffect, useRef } from 'react';

interface Props {
  count: number;
  of: number;
  label: string;
  className?: string;
  onTick: (isTicked: boolean) => void;
}

export function TriState({ count, of, label, className, onTick }: Props) {
  const box = useRef<HTMLInputElement>(null);
  const isPartly = count > 0 && count < of;

  useEffect(() => {
    if (box.current) box.current.indeterminate = isPartly;
  }, [isPartly]);

  return (
    <label className={className}>
      <input
        ref={box}
        type="checkbox"
        checked={of > 0 && count === of}
        disabled={of === 0}
        onChange={(event) => onTick(event.target.checked)}
      />
      <span>{label}</span>
    </label>
  );
}
