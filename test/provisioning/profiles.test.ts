import pMap from 'p-map';
import { afterEach, describe, expect, test } from 'vitest';
import { profileByName } from '../../src/adapters/scim/profiles/profile-by-name.ts';
import { createScimProvider } from '../../src/adapters/scim/provider.ts';
import type { Anchor, DirectoryUser, Whereabouts } from '../../src/core/directory.ts';
import { heldOperations } from '../../src/core/guards.ts';
import type { Link } from '../../src/core/link.ts';
import { linkAfter } from '../../src/core/link-after.ts';
import type { AttributeMapping } from '../../src/core/mapping/attribute-mapping.ts';
import { compileMapping } from '../../src/core/mapping/compile-mapping.ts';
import { DEFAULT_MAPPING } from '../../src/core/mapping/default-mapping.ts';
import { WAVES, type Operation } from '../../src/core/operation.ts';
import type { Plan } from '../../src/core/plan.ts';
import { PROFILE_NAMES, type ProfileName, type ProviderProfile } from '../../src/core/profile.ts';
import type { Connection } from '../../src/ports/index.ts';
import { storesOf } from './model-links.ts';
import { prepareCycle } from '../../src/provisioning/prepare-cycle.ts';
import { startProvider, type SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import { aGroup, assignGroup, assignUser, aUser, NOW, theGuards, theRules } from '../builders.ts';
import { hurriedClock } from '../adapters/scim/builders.ts';
import { silentLog } from '../silent-log.ts';
import { aSecret, fakeDirectory, noCredentials } from './fakes.ts';

/** More members than the lowest limit of any profile lets into one request. */
const STAFF = 130;
const TOKEN = 'tok-lives';
const never = new AbortController().signal;

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** Where userNames must be handles, the mailbox name is one. */
function mappingFor(profile: ProviderProfile): readonly AttributeMapping[] {
  if (profile.attributes.userNameCharacters === null) return DEFAULT_MAPPING;
  return DEFAULT_MAPPING.map((line) =>
    line.target === 'userName'
      ? { kind: 'expression', expression: 'Left(ToLower([mailNickname]), 21)', target: 'userName', match: 1 }
      : line,
  );
}

/** A directory that can be edited between cycles. */
interface Company {
  readonly users: Record<Anchor, DirectoryUser>;
  readonly whereabouts: Record<Anchor, Whereabouts>;
  staff: readonly Anchor[];
  groupName: string;
  groupAssigned: boolean;
  direct: readonly Anchor[];
}

function person(id: Anchor, attributes: DirectoryUser['attributes'] = {}): DirectoryUser {
  return aUser(id, {
    attributes: { mail: `${id}@contoso.com`, mobilePhone: '+45 1', businessPhones: ['+45 2'], ...attributes },
  });
}

function aCompany(): Company {
  const staff = Array.from({ length: STAFF }, (_, index) => `user-${index + 1}`);
  return {
    users: Object.fromEntries(staff.map((id) => [id, person(id)])),
    whereabouts: {},
    staff,
    groupName: 'Staff',
    groupAssigned: true,
    direct: ['user-1', 'user-2'],
  };
}

function directoryOf(company: Company) {
  const directory = fakeDirectory({
    assignments: [
      ...company.direct.map((id) => assignUser(id)),
      ...(company.groupAssigned ? [assignGroup('staff')] : []),
    ],
    groups: { staff: aGroup('staff', company.groupName) },
    memberships: { staff: { users: company.staff } },
    users: company.users,
    whereabouts: company.whereabouts,
  });
  const groupsOf = (user: Anchor) => (company.staff.includes(user) ? ['staff'] : []);
  return { ...directory, readGroupsOfUser: async (user: Anchor) => groupsOf(user) };
}

const silentMetrics = {
  cycleStarted: () => undefined,
  cycleClosed: () => undefined,
  cyclePhase: () => undefined,
  cycleSkipped: () => undefined,
  planned: () => undefined,
  operation: () => undefined,
  memberships: () => undefined,
  leaver: () => undefined,
  request: () => undefined,
  retry: () => undefined,
  throttled: () => undefined,
  tokenRequest: () => undefined,
};

interface Life {
  readonly sandbox: SandboxProvider;
  readonly company: Company;
  readonly profile: ProviderProfile;
  /** Gathers, plans, judges, sends what is not held, and remembers the links. */
  cycle(): Promise<Plan>;
}

async function startLife(name: ProfileName): Promise<Life> {
  const profile = profileByName(name);
  const sandbox = await startProvider({ behaviour: name, tokens: [TOKEN], now: hurriedClock() });
  const credential = { kind: 'bearer', token: async () => TOKEN } as const;
  const shared = { log: silentLog, metrics: silentMetrics, now: Date.now };
  const provider = createScimProvider({
    connection: 'acme',
    url: sandbox.url,
    profile,
    credential,
    requestsPerSecond: null,
    ...shared,
  });
  opened.push(
    () => sandbox.close(),
    () => provider.close(),
  );
  // A whole group leaves at once in these lives, on purpose.
  const guards = theGuards({
    tooManyRemovals: { count: 1_000, percent: 100, membersOfOneGroup: { count: 1_000, percent: 100 } },
    off: ['group-cliff', 'non-empty-group-delete'],
  });
  const rules = theRules({ mapping: mappingFor(profile), guards });
  const compiled = compileMapping(rules.mapping);
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  const { mapping } = compiled;
  const company = aCompany();
  const links = new Map<string, Link>();
  const living = (anchor: Anchor) => {
    const link = links.get(`account:${anchor}`) ?? links.get(`group:${anchor}`);
    return link === undefined || link.state === 'deleted' ? undefined : link.resourceId;
  };
  return {
    sandbox,
    company,
    profile,
    async cycle() {
      const source = { mapping, directory: directoryOf(company), provider, credential: aSecret };
      const connection: Connection = {
        rules,
        ...source,
        target: 'https://acme.example/scim/v2',
        tenant: 'contoso',
        concurrency: 4,
      };
      const all = storesOf(() => [...links.values()]);
      const { plan, verdict } = await prepareCycle({
        connection,
        stores: all,
        credentials: noCredentials,
        kind: 'initial',
        now: NOW,
        signal: never,
      });
      const held = heldOperations(verdict);
      expect(verdict.refused).toBe(false);
      const send = async (operation: Operation) => {
        const key = `${operation.resource}:${operation.anchor}`;
        const exported = await provider.apply(operation, living, never);
        const link = linkAfter(operation, exported, links.get(key), profile);
        if (link !== undefined) links.set(key, link);
      };
      for (const wave of WAVES) {
        const inWave = plan.operations.filter((operation) => operation.wave === wave && !held.has(operation.key));
        await pMap(inWave, send, { concurrency: 4 });
      }
      return plan;
    },
  };
}

const kinds = ({ operations }: Plan) => operations.map(({ resource, kind }) => `${resource} ${kind}`);
const refusals = ({ sandbox }: Life) => sandbox.requests().filter(({ status }) => status >= 400 && status !== 404);
const nickname = (profile: ProviderProfile, id: Anchor) =>
  profile.attributes.userNameCharacters === null ? `${id}@contoso.com` : `nick-${id}`;
const membersOf = ({ sandbox }: Life, name: string) => {
  const members = sandbox.groups.find(name)?.['members'];
  return Array.isArray(members) ? members.length : 0;
};

describe.each(PROFILE_NAMES)('a company provisioned at a %s provider', (name) => {
  test('is there after one cycle, large group and all, and the next one plans nothing', async () => {
    const life = await startLife(name);
    await life.cycle();
    expect(life.sandbox.accounts.size).toBe(STAFF);
    expect(membersOf(life, 'Staff')).toBe(life.profile.groups.supported ? STAFF : 0);
    expect(kinds(await life.cycle())).toEqual([]);
    expect(refusals(life)).toEqual([]);
  });

  test('follows a change of attributes, and then has nothing more to do', async () => {
    const life = await startLife(name);
    await life.cycle();
    const mail = 'countess@contoso.com';
    life.company.users['user-1'] = person('user-1', {
      mail,
      displayName: 'Ada "The Countess" Lovelace',
      surname: 'King',
    });
    expect(kinds(await life.cycle())).toEqual(['account update']);
    const account = life.sandbox.accounts.find(nickname(life.profile, 'user-1'));
    expect(account).toMatchObject({ displayName: 'Ada "The Countess" Lovelace', name: { familyName: 'King' } });
    expect(account?.['emails']).toMatchObject([{ value: mail }]);
    expect(kinds(await life.cycle())).toEqual([]);
  });

  test('lets a leaver go with the effect it declares, and takes them back', async () => {
    const life = await startLife(name);
    const { company, profile, sandbox } = life;
    await life.cycle();
    const userName = nickname(profile, 'user-7');
    const { id } = sandbox.accounts.find(userName) ?? {};
    company.staff = company.staff.filter((each) => each !== 'user-7');
    company.whereabouts['user-7'] = 'present';
    const plan = await life.cycle();
    expect(plan.operations[0]).toMatchObject({ kind: 'disable', effect: profile.deactivate.means });
    expect(sandbox.canSignIn(userName)).toBe(false);
    const suspended = profile.deactivate.means === 'suspend';
    expect(sandbox.accounts.find(userName) !== undefined).toBe(suspended);
    expect(kinds(await life.cycle())).toEqual([]);
    company.staff = [...company.staff, 'user-7'];
    await life.cycle();
    expect(sandbox.canSignIn(userName)).toBe(true);
    expect(sandbox.accounts.find(userName)?.['id'] === id).toBe(suspended);
    expect(membersOf(life, 'Staff')).toBe(profile.groups.supported ? STAFF : 0);
    expect(kinds(await life.cycle())).toEqual([]);
    expect(refusals(life)).toEqual([]);
  });

  test('deletes the account of a user deleted for good once, says what that means, and is done with it', async () => {
    const life = await startLife(name);
    const { company, profile, sandbox } = life;
    await life.cycle();
    const userName = nickname(profile, 'user-9');
    company.staff = company.staff.filter((each) => each !== 'user-9');
    company.whereabouts['user-9'] = 'absent';
    const plan = await life.cycle();
    const removal = plan.operations.find(({ kind }) => kind === 'delete');
    expect(removal).toMatchObject({ effect: profile.deactivate.deleteMeans });
    const irreversible = profile.deactivate.deleteMeans === 'irreversible';
    expect(removal?.reason.text.includes('cannot be undone')).toBe(irreversible);
    expect(sandbox.canSignIn(userName)).toBe(false);
    expect(sandbox.accounts.size).toBe(profile.deactivate.deleteMeans === 'suspend' ? STAFF : STAFF - 1);
    expect(kinds(await life.cycle())).toEqual([]);
  });
});

const withGroups = PROFILE_NAMES.filter((name) => profileByName(name).groups.supported);

describe.each(withGroups)('a group provisioned at a %s provider', (name) => {
  test('is unassigned without anybody losing the account who is assigned directly', async () => {
    const life = await startLife(name);
    await life.cycle();
    life.company.groupAssigned = false;
    life.company.direct = life.company.staff;
    await life.cycle();
    expect(life.sandbox.groups.size).toBe(0);
    expect(life.sandbox.accounts.all().filter(({ active }) => active !== false)).toHaveLength(STAFF);
    expect(kinds(await life.cycle())).toEqual([]);
  });

  test('follows a new name, or tells that it cannot', async () => {
    const life = await startLife(name);
    await life.cycle();
    life.company.groupName = 'Everybody';
    const plan = await life.cycle();
    const { rename } = life.profile.groups;
    expect(kinds(plan)).toEqual(rename ? ['group update'] : []);
    expect(plan.notices.some(({ code }) => code === 'group-not-renamed')).toBe(!rename);
    expect(membersOf(life, rename ? 'Everybody' : 'Staff')).toBe(STAFF);
    expect(kinds(await life.cycle())).toEqual([]);
  });
});
