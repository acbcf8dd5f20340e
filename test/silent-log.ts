import type { Log } from '../src/ports/log.ts';

function say(): void {
  // Says nothing.
}

/** A log nobody reads. */
export const silentLog: Log = { debug: say, info: say, warn: say, error: say, child: () => silentLog };
