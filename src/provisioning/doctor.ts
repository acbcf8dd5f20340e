import { expiryWarning, EXPIRY_DAYS, isLive, type Credential } from '../core/credential.ts';
import { isHeadgateError } from '../core/errors.ts';
import { NO_OTHER } from '../core/guards/native-job.ts';
import { placeOfOwner, type GuardedCredential } from '../core/guards/token-owner.ts';
import { brokenBy } from '../core/migration/broken-journal.ts';
import { unseenWords } from '../core/migration/elsewhere-findings.ts';
import { standsStillForMigration } from '../core/migration/standstill.ts';
import { stateOf } from '../core/migration/state.ts';
import type { CheckResult } from '../ports/directory-source.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { MigrationStore } from '../ports/migration-store.ts';
import type { Operator } from '../ports/operator.ts';
import type { ConnectionStore } from '../ports/stores.ts';
import { gatherCredentials, surveyCredentials, type CredentialPorts } from './credentials/survey-credentials.ts';
import { unseenBeside, type OthersPorts } from './other-configurations.ts';
import { readJournal } from './read-journal.ts';

type Checks = Awaited<ReturnType<Operator['doctor']>>;

/** Every check of the platform, the directory, the service providers and the tokens, each with what to do. Changes nothing. */
export async function examine(
  ports: Ports,
  checkPlatform: () => Promise<readonly CheckResult[]>,
  signal: AbortSignal,
): Promise<Checks> {
  const platform = (await checkPlatform()).map((check) => ({ area: 'platform', ...check }));
  const accompanied = [...ports.connections.values()].some(({ rules }) => rules.engine === 'entra');
  const engine = accompanied ? 'entra' : 'headgate';
  const writer = ((await ports.migration.writer?.check(engine, signal)) ?? []).map((check) => ({
    area: 'directory',
    ...check,
  }));
  const perConnection = await Promise.all(
    [...ports.connections.values()].map(async ({ rules, directory, provider }) => [
      ...(await checkOthers(rules.name, ports)),
      ...(await directory.check(rules.application, signal)).map((check) => ({
        area: `${rules.name}: directory`,
        ...check,
      })),
      ...(await checkNativeJobs(rules, directory, ports.stores, signal)),
      ...(await provider.check(signal)).map((check) => ({ area: `${rules.name}: service provider`, ...check })),
    ]),
  );
  return [...platform, ...writer, ...perConnection.flat(), ...(await checkTokens(ports, signal))];
}

/** How far apart clocks may be, in ms: well below the usual lease. */
const CLOCKS_APART_MS = 10_000;

/** Whether the clock here agrees with the database's, and so with those of other machines: they share leases and times. */
export async function checkClock(
  stores: Pick<Ports['stores'], 'clockAheadMs'>,
): Promise<CheckResult & { readonly required: false }> {
  const ahead = await stores.clockAheadMs();
  const check = { name: 'clock', required: false } as const;
  if (Math.abs(ahead) < CLOCKS_APART_MS) return { ...check, ok: true, detail: "agrees with the database's" };
  const apart = `${Math.round(Math.abs(ahead) / 1000)} s ${ahead > 0 ? 'ahead of' : 'behind'} the database's`;
  const remedy =
    'set the clocks of all machines by NTP: by a wrong one the work of another process is taken over while it goes on, and approvals and delays end too early or too late.';
  return { ...check, ok: false, detail: apart, remedy };
}

/** Whether another configuration on this database has connections that work on the same as this one. */
export async function checkOthers(name: string, ports: OthersPorts): Promise<Checks> {
  const own = ports.connections.get(name);
  const others = own === undefined ? [] : (await unseenBeside(own, ports)).map(({ connection }) => connection);
  if (others.length === 0) return [];
  const told = { area: `${name}: configuration`, name: 'other configurations', ok: true, warns: true };
  return [{ ...told, ...unseenWords(name, others) }];
}

/**
 * Whether the tokens in use are good for a while, and their owners known: whom nobody knows, the guard `token-owner` cannot
 * hold. What else is wrong with the directory the other checks have told.
 */
export async function checkTokens(ports: CredentialPorts, signal: AbortSignal): Promise<Checks> {
  const owned = await gatherCredentials(ports, signal, 'everybody').catch((error: unknown) => {
    if (isHeadgateError(error)) return [];
    throw error;
  });
  const now = ports.clock.now();
  const { credentials } = await surveyCredentials(ports);
  return [
    ...owned.filter(isLive).flatMap(checkOwner),
    ...credentials.flatMap((credential) => checkExpiry(credential, now)),
  ];
}

function checkOwner(credential: GuardedCredential): Checks {
  const { connection, fingerprint, owner } = credential;
  if (owner.kind !== 'user' || owner.absent !== true) return [];
  const { name, anchor } = owner;
  const held =
    anchor === undefined
      ? ', so guard token-owner holds nobody for this token but an account of that name'
      : ' any more: guard token-owner holds the account they had, and any of that name';
  return [
    {
      area: `${connection}: token`,
      name: `owner of ${fingerprint}`,
      ok: true,
      warns: true,
      detail: `${name} is not in the directory${held}`,
      remedy: `name who generated it, by the userPrincipalName of today, an object id or service-account: ${placeOfOwner(credential)}.`,
    },
  ];
}

/** The day is a person's word: a token past it is told of, and tried all the same. */
function checkExpiry(credential: Credential, now: number): Checks {
  const { connection, fingerprint, expiresAt } = credential;
  if (expiresAt === undefined || expiryWarning(credential, [EXPIRY_DAYS], now) === undefined) return [];
  const over = expiresAt <= now;
  return [
    {
      area: `${connection}: token`,
      name: `last day of ${fingerprint}`,
      ok: !over,
      warns: !over,
      detail: `${over ? 'expired' : 'expires'} ${new Date(expiresAt).toISOString().slice(0, 10)}`,
      remedy: `put a new one in its place: headgate token rotate -c ${connection}; where the day is wrong: expires in the configuration.`,
    },
  ];
}

/**
 * Whether the guard `native-job-active` can look, and what it sees. Where Entra's own job is the engine, whether it stands still
 * because a migration wants it to. What else is wrong the other checks have told.
 */
export async function checkNativeJobs(
  { name, application, guards, engine }: Connection['rules'],
  directory: Pick<Connection['directory'], 'readApplication' | 'readNativeJobs'>,
  stores: StandstillStores,
  signal: AbortSignal,
): Promise<Checks> {
  if (engine === undefined && guards.off.includes('native-job-active')) return [];
  const read = async () => directory.readNativeJobs((await directory.readApplication(application, signal)).id, signal);
  const jobs = await read().catch((error: unknown) => {
    if (isHeadgateError(error)) return undefined;
    throw error;
  });
  if (jobs === undefined) return [];
  const line = { area: `${name}: directory`, name: "the directory's own provisioning" };
  if (!jobs.known)
    return [
      { ...line, ok: false, detail: jobs.why, remedy: engine === 'entra' ? jobs.remedy : `${jobs.remedy} ${NO_OTHER}` },
    ];
  if (engine === 'entra') return [{ ...line, ...(await judgeEngine(name, jobs.active, stores)) }];
  if (jobs.active.length === 0) return [{ ...line, ok: true, detail: 'stands still' }];
  const remedy = 'stop it before Headgate writes: two engines would undo each other.';
  return [{ ...line, ok: false, detail: `still runs: ${jobs.active.join(', ')}`, remedy }];
}

/** What is read to know whether a migration wants Entra's own job to stand still. */
export interface StandstillStores {
  readonly connections: Pick<ConnectionStore, 'get'>;
  readonly migrations: Pick<MigrationStore, 'openOf' | 'lines' | 'journalEnd'>;
}

async function judgeEngine(
  connection: string,
  active: readonly string[],
  { connections, migrations }: StandstillStores,
): Promise<Omit<CheckResult, 'name'>> {
  const { switchedOffAt, pausedReason } = await connections.get(connection);
  const [runs] = active;
  if (switchedOffAt !== undefined) {
    if (runs === undefined)
      return { ok: true, detail: 'stands still: switched off by a migration, as it should be; do not start it' };
    const detail = `runs although a migration has switched the connection off: ${active.join(', ')}`;
    return { ok: false, detail, remedy: 'stop it in Entra: it may take people away.' };
  }
  if (runs !== undefined) return { ok: true, detail: runs };
  const open = await migrations.openOf(connection);
  if (open !== undefined) {
    const wanted = await readJournal(migrations, open.id, (lines) => standsStillForMigration(stateOf(lines))).catch(
      (error: unknown) => brokenBy(open.id, error),
    );
    if (wanted === true)
      return { ok: true, detail: 'stands still: paused by the migration, as it should be; do not start it' };
    if (wanted !== false) {
      const detail = `stands still, and whether a migration wants that is not known: ${wanted.message}`;
      return { ok: false, detail, remedy: wanted.remedy };
    }
  }
  const remedy =
    pausedReason === undefined
      ? 'start it in Entra.'
      : 'the connection is paused: once that is mended, start it in Entra.';
  return { ok: false, detail: 'stands still, and engine is entra', remedy };
}
