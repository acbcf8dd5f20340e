import { isElsewhere } from '../../core/credential.ts';
import { HeadgateError } from '../../core/errors.ts';
import { endangering } from '../../core/guards/token-owner.ts';
import type { OperationState } from '../../core/operation.ts';
import type { StoredCredential } from '../../ports/credentials.ts';
import type { Log } from '../../ports/log.ts';
import type { Ports } from '../../ports/index.ts';
import type { CycleStore } from '../../ports/stores.ts';
import { activeOf, changeOf, type ChangePorts } from './change-credential.ts';
import { secretOf, type KeyringPorts } from './keyring.ts';

export type SwitchPorts = ChangePorts &
  KeyringPorts &
  Pick<Ports, 'connections'> & { readonly stores: { readonly cycles: Pick<CycleStore, 'operationsOf'> } };

/** Whose credential was refused, and where: nothing that is for another place is sent there. */
export interface RefusedAt {
  readonly connection: string;
  readonly place: string;
}

const PROBE_MS = 30_000;

/**
 * What to use after the provider refused the secret in use: the one automatic switch (requirement T6). Another stored
 * credential is probed, and put to use when it passes; undefined when there is none, or the one that was refused was
 * itself switched to. Never more than once until a person promotes one, so it cannot go round. Where another process, or
 * a person, has put another one to use meanwhile, that one.
 */
export async function spareSecret(
  { connection, place }: RefusedAt,
  refused: string,
  ports: SwitchPorts,
  log: Log,
): Promise<string | undefined> {
  const { credentials } = ports.stores;
  const all = (await credentials.list(connection)).filter((one) => !isElsewhere(one, place));
  const active = activeOf(all);
  if (active === undefined) return undefined;
  if (active.fingerprint !== ports.vault.fingerprint(refused)) return unrefused(active, ports);
  const marking = changeOf(active, { kind: 'refused' }, { by: 'headgate', now: ports.clock.now() });
  if (active.refusedAt === undefined) await credentials.change([marking]);
  if (active.activatedBy === 'switch') return undefined;
  const spares = all.filter(
    ({ state, refusedAt }) => refusedAt === undefined && (state === 'candidate' || state === 'retiring'),
  );
  for (const spare of [...spares.filter(isCandidate), ...spares.filter((one) => !isCandidate(one))]) {
    if (await goes(spare, ports)) {
      log.warn({ connection, fingerprint: spare.fingerprint }, 'not switched to: a cycle under way removes its owner');
      continue;
    }
    const secret = await tried(spare, ports);
    if (secret !== undefined && (await switchTo(spare, active, ports))) {
      const fields = { connection, from: active.fingerprint, to: spare.fingerprint };
      log.error(fields, 'the service provider refused the credential; switched once to another stored one');
      return secret;
    }
  }
  const now = activeOf(await credentials.list(connection));
  if (now === undefined || now.id === active.id || isElsewhere(now, place)) return undefined;
  return unrefused(now, ports);
}

/** Most operations of one user that are looked at, newest first: a cycle has a few of them. */
const NEWEST = 50;
const UNSETTLED: ReadonlySet<OperationState> = new Set(['pending', 'in-flight', 'in-doubt']);

/**
 * Whether a cycle that was judged before this one was in use is about to end its owner's account: the guard did not hold that,
 * and the very request that was refused would be sent again with it.
 */
async function goes({ owner }: StoredCredential, { stores, connections }: SwitchPorts): Promise<boolean> {
  if (owner.kind !== 'user' || owner.anchor === undefined) return false;
  for (const { rules } of connections.values()) {
    const known = await stores.cycles.operationsOf(rules.name, owner.anchor, NEWEST);
    const unsettled = known.filter(({ state }) => UNSETTLED.has(state)).map(({ operation }) => operation);
    if (endangering(unsettled, rules).length > 0) return true;
  }
  return false;
}

function isCandidate({ state }: StoredCredential): boolean {
  return state === 'candidate';
}

/** The secret of a credential, if the provider takes it. A provider that is away lets nothing be switched. */
async function tried(spare: StoredCredential, ports: SwitchPorts): Promise<string | undefined> {
  const provider = ports.connections.get(spare.connection)?.provider;
  try {
    const secret = await secretOf(spare, ports);
    if (secret === undefined || provider === undefined) return undefined;
    const outcome = await provider.probe(secret, AbortSignal.timeout(PROBE_MS));
    return outcome === 'accepted' ? secret : undefined;
  } catch (error) {
    // Whatever keeps this one from being tried, the refusal of the other stands and is what is reported.
    if (error instanceof HeadgateError) return undefined;
    throw error;
  }
}

/** The secret of a credential that is in use by now, unless it is known to be refused too. */
async function unrefused(active: StoredCredential, ports: SwitchPorts): Promise<string | undefined> {
  return active.refusedAt === undefined ? secretOf(active, ports) : undefined;
}

/**
 * False when somebody else has changed the credentials meanwhile: then what they did counts, and nothing else is switched
 * to in the place of what they chose.
 */
async function switchTo(spare: StoredCredential, refused: StoredCredential, ports: SwitchPorts): Promise<boolean> {
  const active = activeOf(await ports.stores.credentials.list(refused.connection));
  if (active?.id !== refused.id) return false;
  const now = ports.clock.now();
  const by = 'headgate';
  const probed = changeOf(spare, { kind: 'probed' }, { by, now });
  const promoted = changeOf({ ...spare, ...probed.after }, { kind: 'promoted', by: 'switch' }, { by, now });
  const superseded = changeOf(active, { kind: 'superseded' }, { by, now });
  return ports.stores.credentials.change([superseded, { ...promoted, event: 'switched' }]);
}
