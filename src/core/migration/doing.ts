import { counted } from '../reasons.ts';
import { stepsOf, type MigrationStep } from './migration.ts';
import { wholeCycleSince } from './native-job.ts';
import { pausedWords, restOf } from './standstill.ts';
import type { MigrationState } from './state.ts';

const MINUTE = 60_000;

/** How far a step is whose requests are many. With `of` as long as no more came to it under way. */
function many(done: number, of: number | undefined, one: string, rest: string): string | undefined {
  if (done === 0) return undefined;
  return of === undefined || done > of ? `${counted(done, one)} ${rest}` : `${done} of ${counted(of, one)} ${rest}`;
}

function assigned({ made, before }: MigrationState): string | undefined {
  const users = new Set(before?.users.map(({ anchor }) => anchor));
  const keys = made.flatMap(({ change }) =>
    change?.kind === 'assign' && users.has(change.principal) ? [`${change.principal} ${change.roleId}`] : [],
  );
  const missing = before?.users.reduce((sum, user) => sum + user.missing.length, 0);
  return many(new Set(keys).size, missing, 'direct assignment', 'made');
}

function emptied({ takenOut, before }: MigrationState): string | undefined {
  const shown = before?.groups.flatMap(({ scimGroup }) => (scimGroup === undefined ? [] : [scimGroup.members]));
  const known = shown?.every((members) => members !== undefined) === true;
  const of = known ? shown.reduce((sum, members) => sum + (members?.length ?? 0), 0) : undefined;
  const out = [...takenOut.values()].reduce((sum, members) => sum + members.size, 0);
  return many(out, of, 'member', 'taken out');
}

/** The wait for a whole cycle of Entra's: since when, and how long the last one took. */
function watching(state: MigrationState, step: MigrationStep, now: number): string | undefined {
  const { [step]: seen = [] } = state.nativeJobs;
  const { [step]: since = now } = state.watchedSince;
  if (seen.length === 0) return undefined;
  if (step === 'disable-connection') {
    const rest = restOf(seen, since, now);
    return rest === 0 ? undefined : `gives a cycle of Entra's that may be under way until ${shown(now + rest)} to end`;
  }
  const found = wholeCycleSince(seen, since, now, state.looked);
  if (found.is !== 'waiting') return undefined;
  const last = seen.at(-1)?.last;
  const took =
    last === undefined ? '' : `; the last one took ${counted(Math.ceil((last.ended - last.began) / MINUTE), 'minute')}`;
  return `${found.text}, since ${shown(since)}${took}`;
}

function shown(at: number): string {
  return new Date(at).toISOString();
}

function doneBy(state: MigrationState, step: MigrationStep, now: number): string | undefined {
  if (step === 'assign-directly') return assigned(state);
  if (step === 'empty-groups') return emptied(state);
  if (step === 'withdraw-assignments')
    return many(state.carriedOut[step]?.size ?? 0, undefined, 'direct assignment', 'withdrawn');
  const cycle = state.cycles[step]?.at(-1);
  return cycle === undefined ? watching(state, step, now) : `how far that is: headgate cycle show ${cycle}`;
}

/** What an open migration has done of the step it is at, or waits for there, and what it has left standing still. Pure. */
export function doingOf(state: MigrationState, now: number): string | undefined {
  if (state.ended !== undefined) return undefined;
  const step = stepsOf(state.kind, state.mode, state.engine).find((one) => !state.done.has(one));
  const done = step === undefined ? undefined : doneBy(state, step, now);
  const words = [...(done === undefined ? [] : [done]), ...(state.switchedOff ? [] : pausedWords(state))];
  return words.length === 0 ? undefined : words.join('; ');
}
