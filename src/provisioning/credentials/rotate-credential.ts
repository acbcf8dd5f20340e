import type { Credential } from '../../core/credential.ts';
import type { CycleView } from '../../ports/operator.ts';
import type { CredentialDesk, Rotation, RotationRequest } from '../../ports/credential-desk.ts';
import { RefusedError } from '../../core/errors.ts';
import { waitingForCredential, waitsForCredential, withoutCredentialWait } from '../../core/pause-reason.ts';
import {
  installInstruction,
  newTokenInstruction,
  nextRotationStep,
  type RotationFacts,
  type RotationStep,
} from '../../core/rotation.ts';
import { asSentence } from '../../core/reasons.ts';
import type { Ports } from '../../ports/index.ts';
import { requireOn } from '../switched-off.ts';
import { requireDayAhead } from './change-credential.ts';
import { ifReadable } from './keyring.ts';

export interface RotationParts {
  readonly ports: Ports;
  readonly desk: Pick<CredentialDesk, 'list' | 'add' | 'promote' | 'retire'>;
  /** Reads with a credential in use and remembers that Entra's own job has it. RefusedError as `CredentialDesk.promote`. */
  readonly proveInstalled: (credential: string, by: string, signal: AbortSignal) => Promise<Credential>;
  /** Opens a full cycle. RefusedError as `Operator.startCycle`. */
  readonly startFullCycle: (connection: string, by: string) => Promise<Pick<CycleView, 'id'>>;
}

/**
 * Takes the steps of a rotation one after the other until it waits for something outside. Every step is stored before the
 * next is asked for, and nothing else is remembered: after a crash the same command goes on.
 */
export async function rotate(
  { ports, desk, startFullCycle, proveInstalled }: RotationParts,
  { connection, by, added, pause, installed = false }: RotationRequest,
  signal: AbortSignal,
): Promise<Rotation> {
  if (installed) requireEntra(ports, connection);
  // Before anything is paused for a token that is not taken in.
  requireDayAhead(added?.expiresAt, ports.clock.now());
  const done: string[] = [];
  if (added !== undefined) await requireTokens(ports, connection);
  if (pause === true) done.push(await stopSending(ports, connection));
  let finished = false;
  if (added !== undefined) {
    const { fingerprint, state } = await desk.add({ connection, by, ...added }, signal);
    done.push(`took in ${fingerprint}`);
    // The one in use, which was not here any more, or for another address.
    finished = state === 'active';
  }
  for (;;) {
    const facts = await survey(ports, desk, connection, { installed, finished });
    const step = nextRotationStep(facts);
    const reached = { connection, model: facts.model, credentials: facts.credentials };
    switch (step.do) {
      case 'nothing':
        return { ...reached, done, waitsFor: 'nothing', instruction: await completed(ports, facts) };
      case 'wait':
        if (step.for === 'new-token') await requireTokens(ports, connection);
        return { ...reached, done, ...waiting(step, facts) };
      case 'promote': {
        const { fingerprint } = await desk.promote(step.credential, by, signal);
        done.push(`the provider takes ${fingerprint} and refuses a corrupted copy; it is in use`);
        break;
      }
      case 'prove-installed': {
        const { fingerprint } = await proveInstalled(step.credential, by, signal);
        done.push(`${by} says that Entra's own job has ${fingerprint}, and the provider takes it`);
        break;
      }
      case 'start-cycle': {
        // Also where the new one was put into the file, which nobody promoted.
        await ports.stores.connections.changePause(connection, withoutCredentialWait);
        const opened = await orRefusal(startFullCycle(connection, by), NO_CYCLE_NOW);
        if (opened instanceof RefusedError)
          return { ...reached, done, waitsFor: 'cycle', instruction: noCycleYet(opened, connection) };
        done.push(`opened the full cycle ${opened.id}`);
        break;
      }
      case 'retire': {
        // It is this rotation that goes on, and says at its end what is left to be done.
        const how = { by, deleted: false, goesOnBy: `headgate token rotate -c ${connection}` };
        const retired = await orRefusal(desk.retire(step.credential, how, signal), ['credential']);
        if (retired instanceof RefusedError) {
          const instruction = `${retired.message}; ${retired.facts.remedy ?? ''}`;
          return { ...reached, done, waitsFor: 'deletion', instruction };
        }
        done.push(`the provider refuses ${retired.fingerprint}; it is retired, and its owner is free to go`);
        finished = true;
        break;
      }
      default:
        return step satisfies never;
    }
  }
}

/** A file that was left as it was is not read any more, and does no harm before the database is gone. */
async function completed(ports: Ports, { connection, credentials }: RotationFacts): Promise<string> {
  const secret = await ifReadable(ports.connections.get(connection)?.credential.read());
  const named = secret === undefined ? undefined : ports.vault.fingerprint(secret.trim());
  const isOld = credentials.some(({ fingerprint, endedAt }) => fingerprint === named && endedAt !== undefined);
  const old = ` The configuration of ${connection} still names ${named}, which nothing uses any more: put the new token in its place, so that Headgate would not begin with the old one on a new database.`;
  return `the rotation is complete.${isOld ? old : ''}`;
}

/** While these stand no full cycle begins: a person's pause, a migration, which runs its own, or trouble with the provider. */
const NO_CYCLE_NOW: readonly RefusedError['code'][] = ['connection-paused', 'migration-open'];

/** What was done, or why it could not be where that is one of these: what was done before it stands and is to be told. */
async function orRefusal<T>(doing: Promise<T>, codes: readonly RefusedError['code'][]): Promise<T | RefusedError> {
  try {
    return await doing;
  } catch (error) {
    if (error instanceof RefusedError && codes.includes(error.code)) return error;
    throw error;
  }
}

function noCycleYet({ message, facts: { remedy } }: RefusedError, connection: string): string {
  const how = remedy === undefined ? '' : ` ${asSentence(remedy)}`;
  return `${asSentence(`no full cycle can begin now: ${message}`)}${how} Then: headgate token rotate -c ${connection}`;
}

/** Pauses until a token is put to use, and says what ends the pause: one that somebody else has begun stays. */
async function stopSending({ stores: { connections } }: Ports, connection: string): Promise<string> {
  const resume = `headgate connection resume -c ${connection}`;
  const why = `the token is being rotated: headgate token rotate -c ${connection}`;
  await connections.pause(connection, waitingForCredential(why));
  const { pausedReason } = await connections.get(connection);
  return waitsForCredential(pausedReason)
    ? `nothing is sent until the new token is in use; to go on without one: ${resume}`
    : `the connection is paused already, and stays so when the new token is in use: ${pausedReason ?? 'unknown'}. To end that: ${resume}`;
}

async function survey(
  ports: Ports,
  desk: RotationParts['desk'],
  connection: string,
  said: Pick<RotationFacts, 'installed' | 'finished'>,
): Promise<RotationFacts> {
  const credentials = await desk.list(connection);
  const open = await ports.stores.cycles.openCycle(connection);
  const { provider, rules } = ports.connections.get(connection) ?? {};
  return {
    connection,
    model: provider?.profile.token.rotation ?? 'overlap',
    credentials,
    ...said,
    ...(rules?.engine === undefined ? {} : { engine: rules.engine }),
    ...(open === undefined ? {} : { openCycle: open.id }),
  };
}

function waiting(
  step: Extract<RotationStep, { do: 'wait' }>,
  facts: RotationFacts,
): Pick<Rotation, 'waitsFor' | 'instruction' | 'cycle'> {
  if (step.for === 'new-token') return { waitsFor: 'new-token', instruction: newTokenInstruction(facts) };
  if (step.for === 'entra') return { waitsFor: 'entra', instruction: installInstruction(facts) };
  const instruction = `wait for cycle ${step.cycle} to end, then: headgate token rotate -c ${facts.connection}`;
  return { waitsFor: 'cycle', cycle: step.cycle, instruction };
}

/** Where nothing is sent any more a new token would only be one more that somebody may find. */
function requireTokens({ stores }: Ports, connection: string): Promise<void> {
  return requireOn(connection, stores.connections, 'it needs no new token. Take it out of the configuration.');
}

/** Where Headgate provisions, a full cycle tells by itself whether the new token works. */
function requireEntra(ports: Ports, connection: string): void {
  if (ports.connections.get(connection)?.rules.engine === 'entra') return;
  throw new RefusedError('credential', `connection ${connection} is not provisioned by Entra itself`, {
    remedy: `leave --installed-in-entra out: a full cycle proves the new token. headgate token rotate -c ${connection}`,
  });
}
