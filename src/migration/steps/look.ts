import pMap from 'p-map';
import { obstacles } from '../../core/migration/findings.ts';
import { otherEngineFindings } from '../../core/migration/job-findings.ts';
import { withStrays } from '../../core/migration/strays.ts';
import type { Link } from '../../core/link.ts';
import { unreadOf, type ActiveAccount, type Survey } from '../../core/migration/survey.ts';
import { counted, listed } from '../../core/reasons.ts';
import type { ResourceId } from '../../core/scim.ts';
import type { Connection, Ports } from '../../ports/index.ts';
import type { ServiceProvider } from '../../ports/service-provider.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { otherJobs, takeSurvey } from '../survey.ts';

/** Reads after which something that should have become visible is taken to be wrong rather than late. */
const MOST_READS = 40;
/** Between two looks at something that changes within moments, in ms. */
export const SOON_MS = 1000;

/** What it takes to ask for accounts one by one. */
export interface AccountWatch extends Pick<StepContext, 'state' | 'signal'> {
  readonly connection: Pick<Connection, 'concurrency'> & { readonly provider: Pick<ServiceProvider, 'readAccount'> };
}

/** Waits until two reads may be compared. */
export function later({ ports }: { readonly ports: Pick<Ports, 'migration'> }): StepOutcome {
  return { is: 'again', afterMs: Math.max(1, ports.migration.settleMs) };
}

/** Records a read that does not show the effect yet; stops when it has not shown up for too long. */
export async function notYet(context: StepContext, text: string): Promise<StepOutcome> {
  await context.sight(false, text);
  const reads = context.state().sightings[context.step]?.reads ?? 0;
  return reads >= MOST_READS ? { is: 'stop', why: `${text}, after ${reads} reads` } : later(context);
}

/** Records a read that shows the effect: done when the one before did too (replicas disagree for a while). */
export async function seenTwice(context: StepContext, text: string): Promise<StepOutcome> {
  const times = await context.sight(true, text);
  return times >= 2 ? { is: 'done', text } : later(context);
}

/**
 * What is there now, and what stands in the way if anything does. Where Entra makes accounts and groups, what was matched is
 * remembered when nothing does: a group that was assigned again by hand is made anew, and has members again to be taken out.
 */
export async function lookAround(
  context: StepContext,
): Promise<{ readonly survey: Survey; readonly obstacle?: StepOutcome }> {
  const { connection, ports, signal } = context;
  const state = context.state();
  const request = { kind: state.kind, groups: state.groups };
  const { survey: read, facts, assumed } = await takeSurvey(connection, ports, request, signal);
  const survey = withStrays(read, state, facts.directory);
  if ((connection.rules.engine ?? 'headgate') !== state.engine) {
    const why = `the migration was begun with engine ${state.engine} and the configuration names another: put it back, then resume`;
    return { survey, obstacle: { is: 'stop', why } };
  }
  // Nobody may lose access meanwhile, whoever took it: Entra's cycles go on, and people work at the provider by hand.
  const gone = lostAccounts(state.before?.accounts ?? [], survey.accounts);
  if (gone.length > 0) {
    const names = listed(gone.map(({ label }) => label));
    const why = `${counted(gone.length, 'account that was active is', 'accounts that were active are')} not any more: ${names}. If it should not be so, put it right at the provider and resume; if it is meant, abort and start anew`;
    return { survey, obstacle: state.takenAway ? lost(gone) : { is: 'stop', why } };
  }
  // A directory is read while people work in it and its replicas disagree: what a look cannot prove the next one may.
  const unread = unreadOf(survey);
  if (unread !== undefined) return { survey, obstacle: await notYet(context, unread) };
  const [first] = obstacles(survey, state.options, state.before === undefined ? 'beginning' : 'going-on');
  if (first === undefined) {
    await keepAssumed(context, assumed);
    return { survey };
  }
  const { code, text } = first;
  const why = `${code}: ${text}`;
  // Before anything was taken away nothing can be lost by waiting for a person.
  if (state.takenAway && code === 'removals-due') return { survey, obstacle: { is: 'abort', why } };
  // One side is read after the other while people and Entra work: what only one look shows was there at no moment.
  if (state.sightings[context.step]?.text.startsWith(`${code}: `) === true)
    return { survey, obstacle: { is: 'stop', why } };
  await context.sight(false, why);
  return { survey, obstacle: later(context) };
}

/** Remembers links that were matched just now, with the line that tells of them. */
export async function keepAssumed(context: StepContext, assumed: readonly Link[]): Promise<void> {
  if (assumed.length === 0) return;
  const text = `${assumed.length} accounts and groups of Entra's making were matched`;
  await context.append([{ kind: 'seen', step: context.step, complete: false, text }], assumed);
}

/** Where Headgate is the engine and Entra's own job runs as well, nothing is taken away. Undefined when it does not run. */
export async function unlessTwoEngines(context: StepContext): Promise<StepOutcome | undefined> {
  const { before, engine } = context.state();
  if (engine === 'entra' || before === undefined) return undefined;
  const { others } = await otherJobs(context.connection, before.application.id, context.signal);
  const found = otherEngineFindings(others, before).find(({ severity }) => severity === 'refuse');
  return found === undefined ? undefined : { is: 'stop', why: `${found.code}: ${found.text}` };
}

/** Accounts that were active when the migration was begun and are not any more. */
export function lostAccounts(
  before: readonly ActiveAccount[],
  now: readonly ActiveAccount[],
): readonly ActiveAccount[] {
  const ids = new Set(now.map(({ id }) => id));
  return before.filter(({ id }) => !ids.has(id));
}

/** Lost accounts by name, for whoever has to look. */
export function lostWords(accounts: readonly ActiveAccount[]): string {
  return `${counted(accounts.length, 'account that was active before is', 'accounts that were active before are')} not any more: ${listed(accounts.map(({ label }) => label))}`;
}

export function lost(accounts: readonly ActiveAccount[]): StepOutcome {
  return { is: 'abort', lost: accounts, why: lostWords(accounts) };
}

/**
 * Asks for accounts one by one: those that were active when the migration was begun must still be. All of them when no ids
 * are given. Undefined when so.
 */
export async function unlessLost(
  context: AccountWatch,
  ids?: ReadonlySet<ResourceId>,
): Promise<StepOutcome | undefined> {
  const { connection, signal } = context;
  const accounts = (context.state().before?.accounts ?? []).filter(({ id }) => ids?.has(id) !== false);
  const found = await pMap(accounts, ({ id }) => connection.provider.readAccount(id, signal), {
    concurrency: connection.concurrency,
  });
  const gone = accounts.filter((_, at) => found[at]?.active !== true);
  return gone.length === 0 ? undefined : lost(gone);
}
