/** How one attempt to read the store or the queue for a scrape went. */
export type ReadOutcome = { readonly ok: true } | { readonly ok: false; readonly cause: unknown };

/**
 * Bounds a read in time so that a slow store cannot stall the scrape. A read that is still under way when the next scrape
 * comes is waited for again, never started a second time: a struggling store is not asked twice.
 */
export function boundRead(read: () => Promise<void>, timeoutMs: number): () => Promise<ReadOutcome> {
  let pending: Promise<ReadOutcome> | undefined;
  return async () => {
    pending ??= read()
      .then(
        (): ReadOutcome => ({ ok: true }),
        (cause: unknown): ReadOutcome => ({ ok: false, cause }),
      )
      .finally(() => {
        pending = undefined;
      });
    return raceTime(pending, timeoutMs);
  };
}

async function raceTime(read: Promise<ReadOutcome>, timeoutMs: number): Promise<ReadOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<ReadOutcome>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, cause: new Error(`no answer within ${timeoutMs} ms`) }), timeoutMs);
  });
  try {
    return await Promise.race([read, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
