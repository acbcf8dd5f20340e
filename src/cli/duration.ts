import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** `90s`, `15m`, `2h` in ms. Throws commander's InvalidArgumentError, which ends the command with a usage error. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text.trim());
  const unit = match?.[2] === undefined ? undefined : UNITS[match[2]];
  if (match === null || unit === undefined)
    throw new InvalidArgumentError('Write a number and s, m or h, such as 90s, 15m or 2h.');
  return Number(match[1]) * unit;
}

/** A whole number of at least `min`. */
export function parseCount(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min) throw new InvalidArgumentError(`Write a whole number of at least ${min}.`);
    return value;
  };
}

/** A point in time as given on the command line: so long ago, or at a time. Both in ms. */
export type Moment = { readonly ago: number } | { readonly at: number };

const AGO: Readonly<Record<string, number>> = { ...UNITS, d: 86_400_000 };

/** `90s`, `15m`, `2h`, `3d` ago, or a date or time such as 2026-03-01 or 2026-03-01T12:00:00Z (without a zone: UTC). */
export function parseMoment(text: string): Moment {
  const match = /^(\d+(?:\.\d+)?)(s|m|h|d)$/.exec(text.trim());
  const unit = match?.[2] === undefined ? undefined : AGO[match[2]];
  if (match !== null && unit !== undefined) return { ago: Number(match[1]) * unit };
  const written = text.trim().replace(' ', 'T');
  const at = /^\d{4}-\d\d-\d\d(T|$)/.test(written)
    ? Date.parse(/(Z|[+-]\d\d:?\d\d|^[^T]*)$/.test(written) ? written : `${written}Z`)
    : NaN;
  if (Number.isNaN(at))
    throw new InvalidArgumentError(
      'Write how long ago, such as 90s, 2h or 3d, or a time such as 2026-03-01T12:00:00Z.',
    );
  return { at };
}

/** A moment in ms since the epoch. */
export function momentAt(moment: Moment, now: number): number {
  return 'at' in moment ? moment.at : now - moment.ago;
}
