import pMap from 'p-map';
import { NotFoundError, RejectedError } from '../../core/errors.ts';
import { keptOut, stillOut, type StillOut } from '../../core/migration/still-out.ts';
import { counted } from '../../core/reasons.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { takeSurvey } from '../survey.ts';
import { groupLink, putBack, refillKey } from './group-changes.ts';
import { keepAssumed, later, notYet, seenTwice } from './look.ts';
import { deletedGroups } from './deleted-groups.ts';

/** What became of one group: undefined when nothing was lacking. */
type Refilled = StepOutcome | 'sent' | 'refused' | undefined;

/**
 * Puts back into the SCIM groups whom the migration took out of them and no cycle puts back: with Entra's engine everybody,
 * because it never reads members and takes those of a group it has not deleted for still there, but only who is a member of
 * the directory group now; with Headgate's who keeps an account without being entitled to it; with either engine those nobody
 * of ours is linked to, whose accounts are still there. Whom the provider refuses is left out, and named at the end: the others
 * must get back all the same.
 */
export async function refillGroups(context: StepContext): Promise<StepOutcome> {
  const { takenAway, kind, before, engine, begun } = context.state();
  if (!takenAway) return { is: 'done', text: 'nothing had been taken away' };
  const { connection, ports, signal } = context;
  const groups = before?.groups.map(({ anchor }) => anchor) ?? [];
  const { survey, facts, due, assumed } = await takeSurvey(connection, ports, { kind, groups }, signal);
  const unread = survey.findings.find(({ code }) => code === 'incomplete-read' || code === 'group-unverified');
  if (unread !== undefined) return notYet(context, unread.text);
  const everybody = stillOut(context.state(), survey, facts.links);
  const missing = engine === 'entra' ? everybody : keptOut(everybody, survey, due);
  const isNobody = missing.every(({ users }) => users.length === 0);
  if (engine === 'headgate' && isNobody && !begun.has(context.step) && !(await tookStrangers(context)))
    return { is: 'done', text: 'nobody was taken out whom the full cycle does not put back' };
  await context.begin();
  await keepAssumed(context, assumed);
  const all: Refilled[] = [];
  for (const out of missing) {
    for (const refill of [engine === 'entra' ? refillUsers : refillKept, refillStrangers]) {
      const outcome = await refill(context, out);
      if (typeof outcome === 'object') return outcome;
      all.push(outcome);
    }
  }
  if (all.includes('sent')) return later(context);
  if (all.includes('refused')) return { is: 'done', text: 'the provider refuses to take some members back' };
  return seenTwice(context, 'the SCIM groups have everybody again who was taken out of them');
}

async function tookStrangers(context: StepContext): Promise<boolean> {
  const { connection, ports } = context;
  const ids = [...new Set([...context.state().takenOut.values()].flatMap((members) => [...members]))];
  const owners = await ports.stores.links.ownersOf(connection.rules.name, 'account', ids);
  const owned = new Set(owners.map(({ resourceId }) => resourceId));
  return ids.some((id) => !owned.has(id));
}

/** Sends what one group lacks of the directory's members. */
async function refillUsers(context: StepContext, out: StillOut): Promise<Refilled> {
  const { anchor, name, assignments, scimGroup } = out.group;
  if (assignments.length === 0) {
    if ((await deletedGroups(context, [anchor])).has(anchor)) return undefined;
    return { is: 'reopen', step: 'reassign-groups', why: `group ${name} is not assigned any more` };
  }
  if (scimGroup === undefined || (await groupLink(context, anchor)) === undefined)
    return {
      is: 'stop',
      why: `a whole cycle of Entra's provisioning did not make SCIM group ${name} again: see its logs, then resume`,
    };
  return send(context, out, out.users, 'users');
}

/** Sends what one group lacks of members who keep their accounts. One that was not made again is told of at the end. */
async function refillKept(context: StepContext, out: StillOut): Promise<Refilled> {
  return out.group.scimGroup === undefined ? undefined : unlessRefused(send(context, out, out.users, 'users'));
}

/** Sends what one group lacks of members nobody of ours is linked to, as far as their accounts are there. */
async function refillStrangers(context: StepContext, out: StillOut): Promise<Refilled> {
  if (out.strangers.length === 0 || out.group.scimGroup?.members === undefined) return undefined;
  const { connection, signal } = context;
  const { concurrency, provider } = connection;
  const found = await pMap(out.strangers, (id) => provider.readAccount(id, signal), { concurrency });
  const there = found.flatMap((account): StillOut['users'] =>
    account === undefined ? [] : [[account.id, account.id]],
  );
  return unlessRefused(send(context, out, there, 'strangers'));
}

async function unlessRefused(sending: Promise<Refilled>): Promise<Refilled> {
  try {
    return await sending;
  } catch (error) {
    if (error instanceof RejectedError || error instanceof NotFoundError) return 'refused';
    throw error;
  }
}

async function send(
  context: StepContext,
  { group: { anchor, name, scimGroup } }: StillOut,
  missing: StillOut['users'],
  whose: 'users' | 'strangers',
): Promise<Refilled> {
  const { membersPerPatch } = context.connection.provider.profile.groups;
  let sent = false;
  for (let start = 0; start < missing.length; start += membersPerPatch) {
    const chunk = new Map(missing.slice(start, start + membersPerPatch));
    const known = context.state().carriedOut[context.step]?.has(refillKey(anchor, [...chunk.values()])) === true;
    // Where members are not shown, that they were put back once is all there is to know.
    if (known && scimGroup?.members === undefined) continue;
    if (known)
      return notYet(
        context,
        `${counted(missing.length, 'member was', 'members were')} put back into ${name} and not shown yet`,
      );
    if (await context.interrupted()) return { is: 'left' };
    // Read anew: the link remembers who is in, and what was put back before has changed that.
    const link = await groupLink(context, anchor);
    if (link === undefined) return undefined;
    await putBack(context, link, chunk, whose);
    sent = true;
  }
  return sent ? 'sent' : undefined;
}
