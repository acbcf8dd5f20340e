import { foldName } from '../reasons.ts';
import { UNNAMED, type MigrationGate, type MigrationOptions, type MigrationResult } from './migration.ts';
import { closedGate, gateDigest } from './next-step.ts';
import type { MigrationState } from './state.ts';

/** What a person may ask of a migration. */
export type MigrationVerb = 'approve' | 'pause' | 'resume' | 'abort' | 'rollback';

/** Why something is not allowed now, with what to do instead. */
export interface Refusal {
  readonly message: string;
  readonly remedy: string;
}

const REPORT = 'see what became of it with: headgate migration report';

/** Why `verb` is refused in this state; undefined when it is allowed. */
export function refusalOf(state: MigrationState, verb: MigrationVerb): Refusal | undefined {
  if (state.ended !== undefined) return afterItsEnd(state, state.ended.result, verb);
  switch (verb) {
    case 'approve':
      return undefined;
    case 'pause':
      return state.paused === undefined
        ? undefined
        : { message: 'the migration is paused already', remedy: 'go on with: headgate migration resume' };
    case 'resume':
      return state.paused === undefined
        ? { message: 'the migration is not paused', remedy: 'see where it stands with: headgate migration status' }
        : undefined;
    case 'abort':
    case 'rollback':
      if (state.switchedOff)
        return {
          message: 'the connection is switched off already',
          remedy: 'what remains is to revoke the token: headgate migration approve --gate revocation',
        };
      return verb === 'rollback' && state.mode === 'rollback'
        ? { message: 'it is being rolled back already', remedy: 'see how far with: headgate migration status' }
        : undefined;
    default:
      return verb satisfies never;
  }
}

/** One that was aborted may be rolled back; nothing else may be asked of one that has ended. */
function afterItsEnd({ before }: MigrationState, result: MigrationResult, verb: MigrationVerb): Refusal | undefined {
  if (verb !== 'rollback' || result !== 'aborted')
    return { message: `the migration has ended (${result})`, remedy: REPORT };
  if (before !== undefined) return undefined;
  return {
    message: 'the migration was aborted before it had changed anything: there is nothing to take back',
    remedy: 'start another with: headgate migration start',
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
      remedy: 'see where it stands with: headgate migration status',
    };
  const wanted = gateDigest(state, gate);
  if (wanted === undefined || digest === '' || !wanted.startsWith(digest))
    return {
      message: `what the gate ${gate} is about has changed: its digest is now ${wanted ?? 'none'}`,
      remedy: 'look at it again (headgate migration status), then approve that digest.',
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
