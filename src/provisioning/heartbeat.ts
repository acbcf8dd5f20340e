/**
 * Runs `work` while renewing a lease three times within its length. When a renewal is refused the work's signal is aborted:
 * somebody else has taken over, and two must not do the same thing.
 */
export async function withHeartbeat<T>(
  leaseMs: number,
  renew: () => Promise<boolean>,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  let renewing: Promise<void> | undefined;
  const timer = setInterval(
    () => {
      renewing ??= renew()
        .then((kept) => {
          if (!kept) lost.abort(new Error('the lease was taken over by another worker'));
        })
        // A failed renewal is no verdict: the next one decides, and the store refuses results without a lease.
        .catch(() => undefined)
        .finally(() => {
          renewing = undefined;
        });
    },
    Math.max(50, leaseMs / 3),
  );
  try {
    return await work(AbortSignal.any([outer, lost.signal]));
  } finally {
    clearInterval(timer);
    await renewing;
  }
}
