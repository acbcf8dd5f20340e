import type { ReadProgress } from '../ports/directory-source.ts';
import type { Ports } from '../ports/index.ts';
import type { CycleRecord } from '../ports/stores.ts';

/** A display needs no more than this. */
const EVERY_MS = 1000;

/** Progress of a cycle's gathering, written to the store at most once a second; a failed write is of no consequence. */
export function progressInto(
  ports: Ports,
  cycle: string,
): {
  readonly report: ReadProgress;
  /** Times the phases of preparing a cycle: each call ends the one before, `end` the last. */
  readonly phase: (record: CycleRecord) => (name: 'import' | 'plan' | 'end') => void;
} {
  let last = 0;
  const report: ReadProgress = (what, done, total) => {
    const now = ports.clock.now();
    if (now - last < EVERY_MS) return;
    last = now;
    const progress = { what, done, ...(total === undefined ? {} : { total }) };
    // Only a display depends on it, and the store's own failures show elsewhere.
    ports.stores.cycles.setProgress(cycle, progress).catch(() => undefined);
  };
  const phase = (record: CycleRecord) => {
    let current: 'import' | 'plan' | undefined;
    let since = ports.clock.now();
    return (name: 'import' | 'plan' | 'end') => {
      const now = ports.clock.now();
      if (current !== undefined)
        ports.metrics.cyclePhase(record.connection, record.kind, current, (now - since) / 1000);
      current = name === 'end' ? undefined : name;
      since = now;
    };
  };
  return { report, phase };
}
