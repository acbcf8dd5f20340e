import type { JournalEntry } from '../../src/core/migration/journal.ts';
import type { MigrationGate } from '../../src/core/migration/migration.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import type { OwnWorld } from './own-world.ts';
import { accountStates } from './surroundings.ts';

/** Many times what any way to the end needs. */
const MOST_LIVES = 1000;

/** What people do beside saying yes. */
export interface Acts extends Readonly<Partial<Record<MigrationGate, (at: OwnWorld) => unknown>>> {
  /** When it is paused; it must not be where nobody has an answer to that. */
  readonly paused?: (at: OwnWorld) => unknown;
  /** After each life. */
  readonly between?: (at: OwnWorld, view: MigrationView) => Promise<void>;
}

/** Lets one process after the other go on until the migration has ended. People act and say yes at every gate they come to. */
export async function liveToTheEnd(at: OwnWorld, actsAt: (times: number) => Acts): Promise<void> {
  const times = { coverage: 0, disable: 0, revocation: 0 };
  for (let life = 0; life < MOST_LIVES; life++) {
    const lived = await at.live();
    await actsAt(1).between?.(at, lived);
    const { status, gate, paused } = await at.operator.migrationStatus(at.name);
    if (status === 'ended') return;
    if (status === 'paused') {
      const { paused: answer } = actsAt(1);
      if (answer === undefined) throw new Error(JSON.stringify(paused));
      await answer(at);
    } else if (gate !== undefined) {
      times[gate.name] += 1;
      await actsAt(times[gate.name])[gate.name]?.(at);
      await at.approve();
    }
  }
  throw new Error(`it has not ended: ${JSON.stringify(await at.operator.migrationStatus(at.name))}`);
}

/** What must be the same in the end however it was come to. */
export async function endOf(at: OwnWorld): Promise<object> {
  const { result, resultText, frozen } = await at.operator.migrationStatus(at.name);
  const { verdict, accounts, chain, requests } = await at.operator.migrationReport(at.name);
  const { switchedOffAt, pausedReason } = await at.stores.connections.get(at.name);
  const tokens = await at.stores.credentials.list(at.name);
  const cycles = await at.stores.cycles.list({ connection: at.name, limit: MOST_LIVES });
  const deletes = at.provider.requests().filter(({ method, applied }) => method === 'DELETE' && applied);
  return {
    result,
    resultText,
    frozen,
    verdict,
    sound: chain.sound,
    open: requests.filter(({ outcome }) => outcome === 'in-doubt' || outcome === 'unknown'),
    lost: accounts.lost.map(({ label }) => label),
    added: accounts.added.map(({ label }) => label),
    assigned: at.assigned(),
    groups: at.groups(),
    deletes: deletes.length,
    cycles: cycles.length,
    tokens: tokens.map(({ state }) => state),
    off: switchedOffAt !== undefined,
    paused: pausedReason !== undefined,
  };
}

/** Notes each write after which an account is not as it was, however soon it may be so again. */
export function watchAccounts(at: OwnWorld): readonly string[] {
  const shown = () => JSON.stringify([...accountStates(at)]);
  const before = shown();
  const wrong: string[] = [];
  at.provider.observe({
    afterWrite({ method, path }) {
      if (shown() !== before) wrong.push(`${method} ${path}`);
    },
  });
  return wrong;
}

/** Writes at the provider: as it has seen them, and as the report tells them. */
export async function writesOf(
  at: OwnWorld,
): Promise<{ readonly sent: readonly string[]; readonly told: readonly string[] }> {
  const { requests } = await at.operator.migrationReport(at.name);
  const told = requests.filter(({ request }) => request.to === 'provider').map(({ request }) => request);
  const sent = at.provider.requests().filter(({ method, path }) => method !== 'GET' && !path.endsWith('/.search'));
  return {
    told: told.map(({ method, path }) => `${method} /scim/v2${path}`),
    sent: sent.map(({ method, path }) => `${method} ${path}`),
  };
}

/** What of one list is not in another, each as often as it is not. */
export function beyond(one: readonly string[], other: readonly string[]): readonly string[] {
  const rest = [...other];
  return one.filter((each) => {
    const at = rest.indexOf(each);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

/** Who writes lines of each kind where Headgate is the engine. */
const WRITTEN_BY: Readonly<Record<JournalEntry['kind'], 'headgate' | 'people' | 'engine entra'>> = {
  started: 'people',
  surveyed: 'headgate',
  begun: 'headgate',
  done: 'headgate',
  reopened: 'headgate',
  calling: 'headgate',
  called: 'headgate',
  seen: 'headgate',
  sent: 'headgate',
  cycle: 'headgate',
  'native-job': 'engine entra',
  'let-in': 'engine entra',
  verified: 'headgate',
  approved: 'people',
  withdrawn: 'headgate',
  paused: 'headgate',
  resumed: 'people',
  abort: 'people',
  rollback: 'people',
  ended: 'headgate',
};

export function isOwnLine({ kind }: Pick<JournalEntry, 'kind'>): boolean {
  return WRITTEN_BY[kind] === 'headgate';
}

/** Every kind of line Headgate writes, but these. */
export function kindsWithout(absent: readonly JournalEntry['kind'][]): ReadonlySet<string> {
  const without: ReadonlySet<string> = new Set(absent);
  const kinds = Object.entries(WRITTEN_BY).filter(([, by]) => by === 'headgate');
  return new Set(kinds.map(([kind]) => kind).filter((kind) => !without.has(kind)));
}
