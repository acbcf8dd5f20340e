import { RefusedError } from '../core/errors.ts';
import type { LogEntry } from '../core/log-entry.ts';
import type { LogFilter, LogPage } from '../ports/provisioning-log.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { exitOfStop } from './io.ts';
import type { OperatorClient } from './operator-client.ts';
import { createPatience } from './patience.ts';
import { renderLogEntry, type LogDisplay } from './render/log.ts';
import type { Session } from './session.ts';
import { STREAM_VERSION } from './wait.ts';

const POLL_MS = 1000;
/** Entries asked for at a time. */
const PAGE = 500;

/**
 * Shows the newest entries, then every one that is settled, until interrupted or nobody reads them any more. A daemon that is away, or is being
 * restarted, is asked again for as long as it takes: what it settles meanwhile is shown once it answers.
 */
export async function followLog(session: Session, filter: LogFilter, show: LogDisplay): Promise<ExitCode> {
  const { unread } = session.io;
  const interrupted = session.io.interrupts();
  const stop = AbortSignal.any([interrupted, unread]);
  const end = () => (interrupted.aborted ? exitOfStop(interrupted) : EXIT.done);
  const { operator, daemon } = await session.connect();
  if (!daemon && session.config().database.kind === 'embedded') {
    throw new RefusedError('not-found', 'no daemon runs, so there is nothing to follow', {
      remedy: 'start it with "headgate serve"; without --follow the log is shown as it is',
    });
  }
  const print = printer(session, show);
  const ask = patient(session, operator, stop);
  const page = await ask({ ...filter, limit: Math.min(PAGE, filter.limit) });
  if (page === undefined) return end();
  page.entries.toReversed().forEach(print);
  // The first page is up to the moment and following stays a little behind: what it repeats was shown.
  const shown = new Set(page.entries.map(idOf));
  let after = page.newer;
  while (!stop.aborted) {
    const next = await ask({ ...filter, limit: PAGE, after });
    if (next === undefined) break;
    for (const entry of next.entries) if (!shown.delete(idOf(entry))) print(entry);
    after = next.newer;
    if (next.entries.length < PAGE) await session.io.pause(POLL_MS, stop);
  }
  return end();
}

/** An operation may be settled twice (held, approved, sent), each time at another time. */
function idOf({ cycle, sequence, at }: LogEntry): string {
  return `${cycle} ${sequence} ${at}`;
}

function printer({ json, out, paint }: Session, show: LogDisplay): (entry: LogEntry) => void {
  if (!json) return (entry) => out(renderLogEntry(entry, paint, show));
  out(JSON.stringify(STREAM_VERSION));
  return (entry) => out(JSON.stringify({ type: 'entry', entry }));
}

/** Asks until there is an answer; undefined once interrupted. */
function patient({ io, say }: Session, operator: OperatorClient, stop: AbortSignal) {
  const patience = createPatience(say, Infinity);
  return async (filter: LogFilter): Promise<LogPage | undefined> => {
    while (!stop.aborted) {
      try {
        const page = await operator.log(filter);
        if (patience.answered()) say('the daemon answers again');
        return page;
      } catch (error) {
        patience.bear(error);
      }
      await io.pause(POLL_MS, stop);
    }
    return undefined;
  };
}
