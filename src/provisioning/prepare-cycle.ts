import { rolesDigest, type Baseline } from '../core/baseline.ts';
import type { CycleKind, CycleSubject } from '../core/cycle.ts';
import type { Anchor } from '../core/directory.ts';
import type { DirectoryCauses } from '../core/drift.ts';
import type { GuardedCredential } from '../core/guards/token-owner.ts';
import { judge } from '../core/guards.ts';
import { withDecisions } from '../core/holds.ts';
import type { Planned } from '../core/planning/plan-cycle.ts';
import { unsureMembers } from './concerned.ts';
import { connectionDigest } from './connection-digest.ts';
import type { Link } from '../core/link.ts';
import type { CycleMigration } from '../core/migration/migration.ts';
import { withoutDue } from '../core/migration/plan-guard.ts';
import type { Focus, PlanInput } from '../core/planning/plan-input.ts';
import type { ProviderInventory } from '../core/provider-inventory.ts';
import type { ResourceId } from '../core/scim.ts';
import { withStandingHolds } from '../core/standing-holds.ts';
import type { Verdict } from '../core/verdict.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { HoldStore } from '../ports/hold-store.ts';
import type { Aside, Connection } from '../ports/index.ts';
import type { Stores } from '../ports/stores.ts';
import { bindingHolds } from './binding-holds.ts';
import { contradicted } from './contradicted.ts';
import { gatherCauses } from './gather-causes.ts';
import { gatherChanges } from './gather-changes.ts';
import { attributesOf, gatherDirectory } from './gather-directory.ts';
import { gatherGuardContext } from './gather-guard-context.ts';
import { gatherFocus, gatherProvider } from './gather-provider.ts';
import { gatherSubject } from './gather-subject.ts';
import { naming } from './naming.ts';
import { planGathered } from './plan-gathered.ts';
import { sharedResources } from './shared-resources.ts';

export interface PreparedCycle extends Planned {
  readonly verdict: Verdict;
  /** Where the next incremental cycle begins, once this one is committed. An on-demand cycle moves nothing. */
  readonly baseline?: Baseline;
  /** What an incremental or on-demand cycle looked at; absent when that was everything. */
  readonly focus?: Focus;
  /** Why an incremental cycle looked at everything after all. */
  readonly everything?: string;
  /** What a report of drift may have missed, and why. */
  readonly doubts: readonly string[];
}

export interface Preparation {
  readonly connection: Connection;
  readonly stores: Pick<Stores, 'links' | 'cycles'> & {
    readonly holds: Pick<HoldStore, 'pastRemovals' | 'soleReach' | 'decided' | 'standing'>;
  };
  /** Reads whose credentials are in use, anywhere: their owners must stay. */
  readonly credentials: (signal: AbortSignal) => Promise<readonly GuardedCredential[]>;
  /** Other connections that write to the same service provider: what they use must stay. */
  readonly sharing?: readonly string[];
  readonly kind: CycleKind;
  /** Whom an on-demand cycle is about. */
  readonly subject?: CycleSubject;
  /** In ms since the epoch. */
  readonly now: number;
  /** Set when a migration started the cycle. */
  readonly migration?: CycleMigration;
  /** Given where a process prepares many cycles: a provider that does not answer must not take the place of one that does. */
  readonly aside?: Aside;
  readonly signal: AbortSignal;
  readonly progress?: ReadProgress;
  readonly phase?: (name: 'import' | 'plan' | 'end') => void;
}

/** What gathering gives: everything planning reads but the rules, and the next baseline. */
type GatheredInput = Omit<PlanInput, 'rules' | 'mapping' | 'profile' | 'now'> & {
  readonly baseline?: Baseline;
  readonly everything?: string;
};

/**
 * Gathers, plans and judges, and writes nothing: the same for a cycle about to be exported and for `headgate plan`.
 */
export async function prepareCycle(preparation: Preparation): Promise<PreparedCycle> {
  const { signal, phase } = preparation;
  phase?.('import');
  // The first answer may be long in coming: somebody who watches must see what is waited for.
  preparation.progress?.('enterprise application', 0);
  const gathered = await gather(preparation);
  signal.throwIfAborted();
  phase?.('plan');
  const { baseline, everything, ...input } = gathered;
  const prepared = await planAndJudge(preparation, input);
  phase?.('end');
  return {
    ...prepared,
    doubts: doubtsOf(input),
    ...(baseline === undefined ? {} : { baseline }),
    ...(input.focus === undefined ? {} : { focus: input.focus }),
    ...(everything === undefined ? {} : { everything }),
  };
}

/** What everything gathered leads to. */
export async function planAndJudge(
  preparation: Preparation,
  input: Omit<PlanInput, 'rules' | 'mapping' | 'profile' | 'now'>,
): Promise<Planned & { readonly verdict: Verdict }> {
  const { connection, migration, now, signal } = preparation;
  const { rules, mapping, provider } = connection;
  const ending = migration?.mode === 'forward' ? { ending: new Set(migration.groups) } : {};
  const read = { ...input, rules, mapping, profile: provider.profile, now, ...ending };
  const planned = await planGathered(connection, read, signal);
  return { ...planned, verdict: await judgePlan(preparation, planned, input) };
}

function doubtsOf({ causes, inventory }: Pick<PlanInput, 'causes' | 'inventory'>): readonly string[] {
  if (causes === undefined) return [];
  return [
    ...(causes.known ? [] : [`who changed attributes could not be told: ${causes.why}`]),
    ...inventory.accounts.doubts.map((doubt) => `the list of accounts cannot be trusted: ${doubt}`),
    ...inventory.groups.doubts.map((doubt) => `the list of groups cannot be trusted: ${doubt}`),
  ];
}

/** The guards' answer, with what a person approved: the same for every kind of cycle and for a plan that is only shown. */
async function judgePlan(
  { connection, stores, credentials, sharing = [], now, signal, migration, kind }: Preparation,
  planned: Planned,
  { directory, links }: Pick<PlanInput, 'directory' | 'links'>,
): Promise<Verdict> {
  const { rules } = connection;
  const { plan } = planned;
  const context = await gatherGuardContext(connection, stores.holds, { plan, directory, links }, now, signal);
  const owned = await credentials(signal);
  const shared = await sharedResources(stores.links, sharing, plan);
  const bound = migration === undefined ? {} : { migration };
  const judged = judge({ ...context, ...planned, ...bound, shared, credentials: owned, rules, directory, links });
  const verdict = withStandingHolds(
    withoutDue({ plan, ...bound }).plan,
    judged,
    await bindingHolds(rules.name, stores.holds, kind),
  );
  return withDecisions(plan, verdict, await stores.holds.decided(rules.name), now);
}

function gather(preparation: Preparation): Promise<GatheredInput> {
  const { kind } = preparation;
  switch (kind) {
    case 'initial':
    case 'audit':
      return gatherAll(preparation);
    case 'incremental':
      return gatherSince(preparation);
    case 'on-demand':
      return gatherOnDemand(preparation);
    default:
      return kind satisfies never;
  }
}

/** Waits aside until the provider answers, before much is read of it or for it. */
async function awaitProvider({ connection, aside, signal, progress }: Preparation): Promise<void> {
  if (aside === undefined) return;
  progress?.('answer of the service provider', 0);
  await aside(() => naming(connection.rules.name, connection.provider.awaitAnswer(signal)));
  signal.throwIfAborted();
}

/** Replicas are behind by minutes; the directory knows a watermark for a week. */
const HANDED_ON_MS = 86_400_000;

/** With more users than this the provider's list is read instead of account by account. */
const MOST_BY_ID = 500;

/** Reads one subject on both sides. */
export async function gatherOnDemand(preparation: Preparation): Promise<GatheredInput> {
  const { connection, stores, subject, signal, progress } = preparation;
  if (subject === undefined) throw new Error('an on-demand cycle is about somebody');
  const { rules } = connection;
  const reading = { connection, links: stores.links, attributes: attributesOf(connection), signal };
  const { directory, links, focus } = await gatherSubject(
    progress === undefined ? reading : { ...reading, progress },
    subject,
  );
  await awaitProvider(preparation);
  const held =
    focus.users.size > MOST_BY_ID
      ? gatherProvider(connection, directory, links, signal, progress)
      : gatherFocus(connection, directory, links, focus, signal, () => stores.links.load(rules.name));
  const { inventory, vanished } = await naming(rules.name, held);
  const owned = await withOwners(stores.links, rules.name, links, inventory);
  return { kind: 'on-demand', directory, links: owned, inventory, vanished, focus };
}

async function gatherAll(
  preparation: Preparation,
  expired = false,
  told: readonly Anchor[] = [],
): Promise<GatheredInput> {
  await awaitProvider(preparation);
  const { connection, stores, kind, now, signal, progress } = preparation;
  const { rules, directory: source } = connection;
  const digest = connectionDigest(connection);
  const committed = await stores.cycles.baseline(rules.name);
  const known = expired ? undefined : committed;
  const last = known?.baseline;
  // Taken before anything is read, so that what changes meanwhile is seen again. An older one is handed on: this read may
  // come from a replica that is behind what that watermark already covers. But not until it expires: where full cycles alone
  // run, nobody could tell any more what the directory changed.
  const attributes = attributesOf(connection);
  const isGood = last?.rulesDigest === digest && now - last.watermark.takenAt < HANDED_ON_MS;
  const watermark = isGood ? last.watermark : await source.startWatermark(attributes, signal);
  const links = await stores.links.load(rules.name);
  const directory = await gatherDirectory(connection, links, signal, progress);
  const { inventory, vanished } = await naming(
    rules.name,
    gatherProvider(connection, directory, links, signal, progress),
  );
  const baseline = {
    watermark,
    assignments: directory.assignments,
    again: [...new Set([...told, ...contradicted(directory, rules)])].sort(),
    rulesDigest: digest,
    roles: rolesDigest(directory.application),
  };
  const unsure = unsureMembers(committed?.unsettled ?? []);
  const everything = { directory, links, inventory, vanished, unsure, baseline };
  if (kind !== 'audit' && rules.drift === 'enforce') return { kind: 'initial', ...everything };
  const causes: DirectoryCauses = expired
    ? { known: false, why: 'the directory no longer tells what changed, or too much did' }
    : await gatherCauses(connection, stores.links, known, now, signal);
  return { kind: kind === 'audit' ? kind : 'initial', ...everything, causes };
}

/** Reads what changed since the last committed cycle; everything, where that cannot be told or would cost more. */
async function gatherSince(preparation: Preparation, remade: readonly Anchor[] = []): Promise<GatheredInput> {
  const { connection, stores, signal, progress } = preparation;
  const { rules } = connection;
  const everything = async (why: string, expired = false, told: readonly Anchor[] = []) => ({
    ...(await gatherAll(preparation, expired, told)),
    everything: why,
  });
  const last = await stores.cycles.baseline(rules.name);
  if (last === undefined) return everything('no cycle has been committed yet, or none since links were forgotten');
  if (last.baseline.rulesDigest !== connectionDigest(connection)) return everything('the configuration changed');
  if (rules.scope.nestedGroups === 'expand')
    return everything('nested groups are expanded (scope.nestedGroups: expand)');
  const changes = await gatherChanges({
    connection,
    links: stores.links,
    since: last.baseline,
    attributes: attributesOf(connection),
    unsettled: last.unsettled,
    now: preparation.now,
    remade,
    signal,
    ...(progress === undefined ? {} : { progress }),
  });
  if (changes === 'expired') return everything('the watermark has expired', true);
  if ('everything' in changes) return everything(changes.everything, true, changes.told);
  const { directory, links, focus, unsure, baseline } = changes;
  // A cycle in which nothing changed asks the provider nothing.
  if (focus.users.size + focus.groups.size > 0) await awaitProvider(preparation);
  const everyLink = () => stores.links.load(rules.name);
  const held = gatherFocus(connection, directory, links, focus, signal, everyLink);
  const { inventory, vanished } = await naming(rules.name, held);
  // One is made in the place of each: who else belongs into it has to be read, or it would have those alone who changed.
  const gone = links.filter(({ resource, resourceId }) => resource === 'group' && vanished.group.has(resourceId));
  const more = gone.map(({ anchor }) => anchor).filter((one) => directory.groups.has(one) && !remade.includes(one));
  if (more.length > 0) return gatherSince(preparation, [...remade, ...more]);
  const owned = await withOwners(stores.links, rules.name, links, inventory);
  return {
    kind: 'incremental',
    directory,
    links: owned,
    inventory,
    vanished,
    focus,
    unsure,
    ...(baseline === undefined ? {} : { baseline }),
  };
}

/**
 * Adds the links of whoever owns a resource that was read: somebody outside the focus may, and what is theirs must not be
 * joined with, or taken away for, somebody inside.
 */
async function withOwners(
  store: Stores['links'],
  connection: string,
  links: readonly Link[],
  { accounts, groups }: ProviderInventory,
): Promise<readonly Link[]> {
  const known = new Set(links.map(({ resource, anchor }) => `${resource} ${anchor}`));
  const ids = (resources: readonly { readonly id: ResourceId }[]) => resources.map(({ id }) => id);
  const owners = [
    ...(await store.ownersOf(connection, 'account', ids(accounts.resources))),
    ...(await store.ownersOf(connection, 'group', ids(groups.resources))),
  ];
  return [...links, ...owners.filter(({ resource, anchor }) => !known.has(`${resource} ${anchor}`))];
}
