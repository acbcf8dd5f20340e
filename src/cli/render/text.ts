/** At most `width` characters (code points), the last one an ellipsis when something was cut. */
export function clip(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** `1 user`, `2 users`, `12,345 users`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** `create account`, `members of group`. */
export function operationWords({ kind, resource }: { readonly kind: string; readonly resource: string }): string {
  return kind === 'members' ? `members of ${resource}` : `${kind} ${resource}`;
}

/** `12,345`. */
export function grouped(count: number): string {
  return new Intl.NumberFormat('en').format(count);
}

/** `2026-03-01 12:00:05Z`: one form on every machine, so that it can be compared with logs. */
export function shownTime(ms: number | undefined): string {
  return ms === undefined
    ? '-'
    : new Date(ms)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z');
}

/** `45s`, `3m 05s`, `2h 10m`. */
export function shownDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, '0')}m`;
}
