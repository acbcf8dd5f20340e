import type { CycleKind } from '../core/cycle.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Session } from './session.ts';
import { waitForCycle } from './wait.ts';

export interface CycleRequest {
  readonly connection: string;
  readonly kind: CycleKind;
  readonly expectedDigest?: string;
}

/** Opens a cycle, and watches it when asked to. Without a daemon and with `wait` it is carried out in this process. */
export async function startCycle(
  session: Session,
  request: CycleRequest,
  { wait, timeoutMs }: { readonly wait: boolean; readonly timeoutMs?: number },
): Promise<ExitCode> {
  const opened = await session.connect({ work: wait });
  const cycle = await opened.operator.startCycle({ ...request, requestedBy: session.requestedBy() });
  if (wait) {
    session.say(
      `Cycle ${cycle.id} of ${cycle.connection} is open${opened.daemon ? '' : '; no daemon is running, so it is carried out here'}.`,
    );
    return waitForCycle(session, opened, cycle, timeoutMs === undefined ? {} : { timeoutMs });
  }
  if (session.json) session.out(JSON.stringify(cycle, undefined, 2));
  else session.out(cycle.id);
  session.say(
    opened.daemon
      ? `Cycle ${cycle.id} is open. Look at it with: headgate cycle show ${cycle.id}`
      : `Cycle ${cycle.id} is open, but no daemon is running: it is carried out once "headgate serve" runs.`,
  );
  return EXIT.done;
}
