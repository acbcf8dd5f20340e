import { array, assert, constantFrom, nat, property, subarray, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import type { JournalEntry, MigrationCall } from '../../../src/core/migration/journal.ts';
import {
  GATE_BEFORE,
  MIGRATION_GATES,
  stepsOf,
  type MigrationEngine,
  type MigrationKind,
  type MigrationStep,
} from '../../../src/core/migration/migration.ts';
import { gateDigest, nextMigrationStep } from '../../../src/core/migration/next-step.ts';
import { refusalOf } from '../../../src/core/migration/permitted.ts';
import type { MigrationState } from '../../../src/core/migration/state.ts';
import { lackingUsers, waysIn } from '../../../src/core/migration/seen-ways.ts';
import type { Survey } from '../../../src/core/migration/survey.ts';
import { aSurvey, NOW, started, state } from './builders.ts';

/*
 * Whatever people, the directory and crashes do between two steps, in whatever order: the model is a company whose users
 * come and go, and a migration that may only do what `nextMigrationStep` says, looks before each request as the steps do,
 * and whose process may die anywhere. Nobody who has a way in may ever be without one because of the migration.
 */
type Event = 'step' | 'join' | 'remake' | 'approve' | 'pause' | 'resume' | 'rollback' | 'crash' | 'expire';

interface World {
  readonly members: Set<string>;
  readonly direct: Set<string>;
  /** Direct assignments the migration has made. */
  readonly made: Set<string>;
  assigned: boolean;
  /** How often the direct assignment of each was made by hand. */
  readonly times: Map<string, number>;
  /** Whoever a whole cycle of Entra's has seen assigned directly, with that number. */
  seen: ReadonlySet<string>;
  scimMembers: Set<string>;
  now: number;
  entries: JournalEntry[];
}

const EVENTS: readonly Event[] = [
  'step',
  'join',
  'remake',
  'approve',
  'pause',
  'resume',
  'rollback',
  'crash',
  'expire',
];

function entitled({ members, direct, assigned }: World): ReadonlySet<string> {
  return new Set([...direct, ...(assigned ? members : [])]);
}

function uncovered({ members, direct, assigned }: World): readonly string[] {
  return assigned ? [...members].filter((user) => !direct.has(user)).sort() : [];
}

/** Members of the group with their ways in, as a survey has them. */
function usersOf({ members, direct, assigned, times }: World): Survey['users'] {
  return (assigned ? [...members] : []).map((anchor) => {
    const own = { kind: 'direct', assignment: anchor, roleId: 'r', created: `${times.get(anchor) ?? 0}` } as const;
    const paths = [
      { kind: 'group', assignment: 'it', roleId: 'r', group: 'it' } as const,
      ...(direct.has(anchor) ? [own] : []),
    ];
    const covered = direct.has(anchor);
    return { anchor, label: anchor, enabled: true, paths, missing: covered ? [] : ['r'], covered };
  });
}

function surveyNow(world: World) {
  const survey = aSurvey();
  return {
    ...survey,
    users: usersOf(world),
    uncovered: uncovered(world),
    digest: JSON.stringify([[...world.members].sort(), [...world.direct].sort()]),
  };
}

function call(kind: 'assign' | 'unassign', user: string): MigrationCall {
  const request = { to: 'directory', method: 'POST', path: '/' } as const;
  const change =
    kind === 'assign'
      ? ({ kind, application: 'sp', principal: user, roleId: 'r' } as const)
      : ({ kind, application: 'sp', assignment: user } as const);
  return { key: `${kind} ${user}`, what: '', request, change };
}

function seenIn({ direct, times }: World): ReadonlySet<string> {
  return new Set([...direct].map((user) => `${user} ${times.get(user) ?? 0}`));
}

/** Carries a step out as `src/migration` does: look, act on what was seen, record. A crash leaves the record out. */
function carryOut(world: World, step: MigrationStep, now: MigrationState, dies: boolean): void {
  const say = (...entries: JournalEntry[]) => void world.entries.push(...entries);
  const reopen = () => say({ kind: 'reopened', step: 'assign-directly', why: 'somebody joined' });
  const missing = uncovered(world);
  const known = now.engine === 'entra' ? waysIn(now.coverage ?? { users: [] }) : undefined;
  const isLacking = lackingUsers(surveyNow(world), known).length > 0;
  switch (step) {
    case 'assign-directly':
      say({ kind: 'begun', step });
      if (missing.length > 0) say({ kind: 'calling', step, calls: missing.map((user) => call('assign', user)) });
      for (const user of missing) {
        world.direct.add(user);
        world.made.add(user);
      }
      if (dies) return;
      say({ kind: 'surveyed', purpose: 'coverage', survey: surveyNow(world) }, { kind: 'done', step });
      return;
    case 'empty-groups':
      if (!now.begun.has(step) && surveyNow(world).digest !== now.coverage?.digest) return reopen();
      if (isLacking) return reopen();
      say({ kind: 'begun', step });
      world.scimMembers = new Set();
      if (!dies) say({ kind: 'done', step });
      return;
    case 'unassign-groups':
      if (isLacking) return reopen();
      say({ kind: 'begun', step });
      world.assigned = false;
      if (!dies) say({ kind: 'done', step });
      return;
    case 'reassign-groups':
      world.assigned = true;
      if (!dies) say({ kind: 'done', step });
      return;
    case 'withdraw-assignments':
      for (const user of world.made) if (world.members.has(user) && world.assigned) world.direct.delete(user);
      if (!dies) say({ kind: 'done', step });
      return;
    case 'report':
      say({ kind: 'ended', result: 'succeeded', by: 'headgate', text: '', frozen: false });
      return;
    case 'assignments-cycle':
      say({ kind: 'begun', step });
      world.seen = seenIn(world);
      if (!dies) say({ kind: 'done', step });
      return;
    case 'survey':
    case 'canary':
    case 'full-cycle':
    case 'verify':
    case 'disable-connection':
    case 'revoke-token':
    case 'restore-cycle':
    case 'refill-groups':
      say({ kind: 'begun', step });
      if (step === 'verify') say({ kind: 'verified', accounts: [], groupsLeft: [], waiting: 0, digest: 'v' });
      if (!dies) say({ kind: 'done', step });
      return;
    default:
      step satisfies never;
  }
}

function happen(world: World, event: Event, n: number): void {
  const now = state(...world.entries);
  if (event === 'join') return void world.members.add(`user-${n % 7}`);
  if (event === 'remake') {
    const user = `user-${n % 7}`;
    world.direct.add(user);
    return void world.times.set(user, (world.times.get(user) ?? 0) + 1);
  }
  if (event === 'expire') return void (world.now += 2000);
  if (event === 'step' || event === 'crash') {
    const action = nextMigrationStep(now, world.now);
    if (action.do === 'step') carryOut(world, action.step, now, event === 'crash');
    return;
  }
  if (event === 'approve') {
    for (const gate of MIGRATION_GATES) {
      const digest = gateDigest(now, gate);
      if (digest !== undefined && now.ended === undefined)
        world.entries.push({ kind: 'approved', gate, digest, by: 'bob', expiresAt: world.now + 1000 });
    }
    return;
  }
  if (refusalOf(now, event) !== undefined) return;
  if (event === 'rollback') world.entries.push({ kind: 'rollback', by: 'ada' });
  else if (event === 'pause') world.entries.push({ kind: 'paused', by: 'ada', reason: '' });
  else world.entries.push({ kind: 'resumed', by: 'ada' });
}

const kinds = constantFrom<MigrationKind>('remove-groups', 'disable-scim');
const engines = constantFrom<MigrationEngine>('headgate', 'entra');
/** Steps and yeses more often than all else, so that many stories come to where something is taken away. */
const events = constantFrom<Event>(...EVENTS, 'step', 'step', 'step', 'step', 'step', 'approve');
const stories = array(tuple(events, nat(20)), { minLength: 20, maxLength: 60 });

test('a user who has a way in never loses the last one to a migration, whatever the interleaving', () => {
  assert(
    property(
      kinds,
      engines,
      stories,
      subarray(['user-0', 'user-1', 'user-2', 'user-3']),
      (kind, engine, story, direct) => {
        const world: World = {
          members: new Set(['user-0', 'user-1', 'user-2']),
          direct: new Set(direct),
          made: new Set(),
          assigned: true,
          times: new Map(),
          seen: new Set(),
          scimMembers: new Set(['user-0']),
          now: NOW,
          entries: [started(kind, {}, engine)],
        };
        for (const [event, n] of story) {
          const before = entitled(world);
          const wasAssigned = world.assigned;
          happen(world, event, n);
          const after = entitled(world);
          expect([...before].filter((user) => !after.has(user))).toEqual([]);
          if (engine === 'headgate' || !wasAssigned || world.assigned) continue;
          // A cycle that is under way now knows nobody but by what a whole one has seen.
          const unseen = [...world.members].filter((user) => !world.seen.has(`${user} ${world.times.get(user) ?? 0}`));
          expect(unseen).toEqual([]);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('no step begins before all before it are done, nor through a gate that nobody opened', () => {
  assert(
    property(kinds, engines, stories, (kind, engine, story) => {
      const world: World = {
        members: new Set(['user-0']),
        direct: new Set(),
        made: new Set(),
        assigned: true,
        times: new Map(),
        seen: new Set(),
        scimMembers: new Set(),
        now: NOW,
        entries: [started(kind, {}, engine)],
      };
      for (const [event, n] of story) {
        happen(world, event, n);
        const now = state(...world.entries);
        const action = nextMigrationStep(now, world.now);
        if (action.do !== 'step') continue;
        const steps = stepsOf(kind, now.mode, now.engine);
        expect(steps.slice(0, steps.indexOf(action.step)).every((step) => now.done.has(step))).toBe(true);
        const gate = now.mode === 'forward' ? GATE_BEFORE[action.step] : undefined;
        const opened =
          gate === undefined || now.begun.has(action.step) || now.approvals[gate]?.digest === gateDigest(now, gate);
        expect(opened).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});
