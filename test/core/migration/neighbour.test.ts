import { describe, expect, test } from 'vitest';
import type { ConnectionRules } from '../../../src/core/connection.ts';
import type { Link } from '../../../src/core/link.ts';
import { obstacles } from '../../../src/core/migration/findings.ts';
import type { Neighbour } from '../../../src/core/migration/neighbour.ts';
import { compileMapping } from '../../../src/core/mapping/compile-mapping.ts';
import { DEFAULT_MAPPING } from '../../../src/core/mapping/default-mapping.ts';
import { reachesFurther } from '../../../src/core/scope.ts';
import {
  aLink,
  aSnapshot,
  assignGroup,
  assignUser,
  aUser,
  defaultMapping,
  thePolicy,
  theRules,
  type Organisation,
} from '../../builders.ts';
import { guide, OPTIONS, surveyWith } from './builders.ts';

const EXPAND = { groups: true, nestedGroups: 'expand' } as const;

/** Beta, by whose scope Eve is in IT too, being in Sub, which is in IT. */
function beta(
  organisation: Partial<Organisation> = {},
  rules: Partial<ConnectionRules> = {},
  links: readonly Link[] = [],
): Neighbour {
  const directory = aSnapshot({
    users: [aUser('ann'), aUser('ben'), aUser('eve')],
    groups: { it: { name: 'IT', users: ['ann', 'ben'], nested: ['sub'] }, sub: { name: 'Sub', users: ['eve'] } },
    assignments: [assignGroup('it'), assignUser('ben')],
    ...organisation,
  });
  return { rules: theRules({ name: 'beta', scope: EXPAND, ...rules }), mapping: defaultMapping(), directory, links };
}

/** What stands in the way of removing IT from acme, by whose scope Ann and Ben are in it, everything else accepted. */
function inTheWay(neighbours: readonly Neighbour[], organisation: Partial<Organisation> = {}) {
  const request = { connection: 'acme', kind: 'remove-groups', groups: ['it'] } as const;
  const survey = surveyWith(request, guide(organisation), {
    elsewhere: { groups: [], tokens: [], neighbours, unseen: [] },
  });
  expect(obstacles(survey, { accept: ['group-elsewhere'] }, 'going-on')).toEqual(obstacles(survey, OPTIONS));
  return { found: obstacles(survey, OPTIONS), digest: survey.digest };
}

describe('what another connection would take away once the groups are gone', () => {
  test('stands in the way, with the names, the connection and what to do, and is part of what the gate asks', () => {
    const { found, digest } = inTheWay([beta()]);
    const text = expect.stringMatching(/^1 user would lose access.* at beta.*eve@contoso\.com.*Assign them/);
    expect(found).toMatchObject([{ code: 'access-elsewhere', severity: 'refuse', anchors: ['eve'], text }]);
    expect(digest).not.toBe(inTheWay([]).digest);
  });

  test.each<[string, Neighbour, readonly string[]]>([
    ['whoever is assigned directly loses nothing', beta({ assignments: [assignGroup('it'), assignUser('eve')] }), []],
    ['another group is a way in', beta({ assignments: [assignGroup('it'), assignGroup('sub')] }), []],
    ['whom a filter leaves out there has nothing', beta(inIt(), { scope: { ...EXPAND, filters: [inSales()] } }), []],
    [
      'unless an account of theirs is active',
      beta(inIt(), { scope: { ...EXPAND, filters: [inSales()] } }, [aLink('eve')]),
      ['eve'],
    ],
    ['who may not sign in and never had an account there has nothing', beta({ users: [disabled('eve')] }), []],
    [
      'who may not sign in would not come back to their account',
      beta({ users: [disabled('eve')] }, {}, [aLink('eve', { state: 'disabled' })]),
      ['eve'],
    ],
    ['who is deleted in the directory has nothing', beta({ users: [] }, {}, [aLink('eve')]), []],
    [
      'its policy may keep accounts that are not assigned any more',
      beta({}, { deprovision: thePolicy({ unassigned: 'keep' }) }),
      [],
    ],
  ])('%s', (_rule, neighbour, anchors) => {
    expect(inTheWay([neighbour]).found.flatMap((one) => one.anchors)).toEqual(anchors);
  });

  test('a role that only groups inside give is lost where the mapping there reads it, and nowhere else', () => {
    const roles = [{ id: 'admin', value: 'Admin', displayName: 'Admin', enabled: true }];
    const compiled = compileMapping([
      ...DEFAULT_MAPPING,
      { kind: 'expression', target: 'userType', expression: 'SingleAppRoleAssignment([appRoleAssignments])' },
    ]);
    if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
    const other = { ...assignUser('eve', 'user'), id: 'other' };
    const assignments = [assignGroup('it', 'admin'), other];
    const unread = beta({ assignments });
    const directory = { ...unread.directory, application: { ...unread.directory.application, roles } };
    expect(inTheWay([{ ...unread, directory }], { assignments }).found).toEqual([]);
    const { found } = inTheWay([{ ...unread, directory, mapping: compiled.mapping }], { assignments });
    expect(found).toMatchObject([{ code: 'access-elsewhere', anchors: ['eve'] }]);
  });

  test('a read that is not complete is no proof that nobody would lose anything', () => {
    const whole = beta({ assignments: [assignGroup('it'), assignUser('eve')] });
    const { found } = inTheWay([{ ...whole, directory: { ...whole.directory, gaps: [{ what: 'members of Sub' }] } }]);
    expect(found).toMatchObject([{ code: 'elsewhere-unread', text: expect.stringMatching(/beta.*members of Sub/) }]);
  });
});

test('only a scope that expands groups reaches people another does not', () => {
  const [direct, expand] = [theRules(), theRules({ scope: EXPAND })];
  const further = [
    [expand, direct],
    [direct, expand],
    [expand, expand],
    [direct, direct],
  ] as const;
  expect(further.map(([one, than]) => reachesFurther(one, than))).toEqual([true, false, false, false]);
});

function inSales() {
  return { name: 'Sales', clauses: [{ attribute: 'department', is: 'equals' as const, value: 'Sales' }] };
}

function inIt() {
  return { users: [aUser('eve', { attributes: { department: 'IT' } })] };
}

function disabled(id: string) {
  return aUser(id, { enabled: false });
}
