import { foldName } from '../reasons.ts';
import { UNNAMED, type MigrationGate, type MigrationOptions, type MigrationResult } from './migration.ts';
import { closedGate, gateDigest } from './next-step.ts';
import type { MigrationState } from './state.ts';
import { wayBack } from './way-back.ts';

/** What a person may ask of a migration. */
export type MigrationVerb = 'approve' | 'pause' | 'resume' | 'abort' | 'rollback';

/** Why something is not allowed now, with what to do instead. */
export interface Refusal {
  readonly message: string;
  readonly remedy: string;
}

/** Why `verb` is refused in this state; undefined when it is allowed. */
export function refusalOf(state: MigrationState, verb: MigrationVerb): Refusal | undefined {
  const { connection } = state;
  if (state.ended !== undefined) return afterItsEnd(state, state.ended.result, verb);
  switch (verb) {
    case 'approve':
      return undefined;
    case 'pause':
      return state.paused === undefined
        ? undefined
        : { message: 'the migration is paused already', remedy: `go on with: headgate migration resume ${connection}` };
    case 'resume':
      return state.paused === undefined
        ? { message: 'the migration is not paused', remedy: seeWhere(connection) }
        : undefined;
    case 'abort':
    case 'rollback':
      if (state.switchedOff)
        return {
          message: 'the connection is switched off already',
          remedy: `what remains is to revoke the token and approve that; how, and the digest, says: headgate migration status ${connection}`,
        };
      return verb === 'rollback' && state.mode === 'rollback'
        ? {
            message: 'it is being rolled back already',
            remedy: `see how far with: headgate migration status ${connection}`,
          }
        : undefined;
    default:
      return verb satisfies never;
  }
}

function seeWhere(connection: string): string {
  return `see where it stands with: headgate migration status ${connection}`;
}

/** Where to see what became of a migration that is over. */
export function seeReport(connection: string): string {
  return `see what became of it with: headgate migration report ${connection}`;
}

/** One that was aborted may be rolled back; nothing else may be asked of one that has ended. */
function afterItsEnd(state: MigrationState, result: MigrationResult, verb: MigrationVerb): Refusal | undefined {
  const { before, connection } = state;
  const back = wayBack(state);
  if (verb === 'rollback' && back !== undefined)
    return { message: 'the migration has succeeded, and nothing rolls that back', remedy: `by hand: ${back}.` };
  if (verb !== 'rollback' || result !== 'aborted')
    return { message: `the migration has ended (${result})`, remedy: seeReport(connection) };
  if (before !== undefined) return undefined;
  return {
    message: 'the migration was aborted before it had changed anything: there is nothing to take back',
    remedy: `look at another with: headgate migration plan ${connection} --kind …`,
  };
}

/** Why an approval is refused: wrong gate, another digest than the one shown (or its beginning), or the wrong person. */
export function approvalRefusal(
  state: MigrationState,
  {
    gate,
    digest,
    by,
    now,
  }: { readonly gate: MigrationGate; readonly digest: string; readonly by: string; readonly now: number },
): Refusal | undefined {
  const general = refusalOf(state, 'approve');
  if (general !== undefined) return general;
  if (closedGate(state, now) !== gate)
    return {
      message: `the migration does not wait at the gate ${gate}`,
      remedy: seeWhere(state.connection),
    };
  const wanted = gateDigest(state, gate);
  if (wanted === undefined || digest === '' || !wanted.startsWith(digest))
    return {
      // Not the right one beside it: whoever approves has to have looked at what it stands for.
      message: `that is not the digest of what the gate ${gate} is about now`,
      remedy: `look at it again with: headgate migration status ${state.connection}`,
    };
  const nameless = namelessRefusal(state.options, by, 'approves');
  if (nameless !== undefined) return nameless;
  if (state.options.twoPeople && foldName(by) === foldName(state.requestedBy))
    return {
      message: `${by} started this migration and may not approve it: it was started with --two-people`,
      remedy: 'have somebody else look at it and approve it.',
    };
  return undefined;
}

/** Why a migration may not be started by whoever asks; undefined when it may. */
export function startRefusal(options: MigrationOptions, by: string): Refusal | undefined {
  return namelessRefusal(options, by, 'starts');
}

/** Two people can only be told apart by their names: a request without one could be the same person again. */
function namelessRefusal(
  { twoPeople }: MigrationOptions,
  by: string,
  verb: 'starts' | 'approves',
): Refusal | undefined {
  if (!twoPeople || foldName(by) !== foldName(UNNAMED)) return undefined;
  return {
    message: `with two people whoever ${verb} a migration has to say who it is`,
    remedy: `send ${verb === 'starts' ? 'requestedBy' : 'by'} with the request; the command line does it by itself.`,
  };
}
