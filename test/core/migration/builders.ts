import { nextLine, type JournalEntry, type JournalLine } from '../../../src/core/migration/journal.ts';
import type {
  MigrationEngine,
  MigrationKind,
  MigrationOptions,
  MigrationRequest,
  MigrationStep,
} from '../../../src/core/migration/migration.ts';
import type { GuardedCredential } from '../../../src/core/guards/token-owner.ts';
import type { DeleteGroup } from '../../../src/core/operation.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import type { PlanInput } from '../../../src/core/planning/plan-input.ts';
import type { Surroundings } from '../../../src/core/migration/findings.ts';
import { noAccounts } from '../../../src/core/migration/no-account.ts';
import { surveyOf } from '../../../src/core/migration/survey-of.ts';
import type { Survey, SurveyedJobs } from '../../../src/core/migration/survey.ts';
import { stateOf, type MigrationState } from '../../../src/core/migration/state.ts';
import {
  aLink,
  anAccount,
  aPlanInput,
  aScimGroup,
  assignGroup,
  assignUser,
  aUser,
  type Organisation,
} from '../../builders.ts';

export const NOW = 1_800_000_000_000;
/** Headgate is the only engine. */
const ALONE: SurveyedJobs = { engine: 'headgate', others: { known: true, active: [] } };
export const OPTIONS: MigrationOptions = { twoPeople: false, approvalMs: 1000, accept: [] };

/** The group of `started`, deleted. */
export const DELETE_IT: DeleteGroup = {
  resource: 'group',
  kind: 'delete',
  key: '4:group:delete:it',
  wave: 4,
  anchor: 'it',
  label: 'IT',
  reason: { code: 'group-out-of-scope', text: 'not assigned' },
  resourceId: 'g/it',
};

export function started(
  kind: MigrationKind = 'remove-groups',
  options: Partial<MigrationOptions> = {},
  engine: MigrationEngine = 'headgate',
): JournalEntry {
  return {
    kind: 'started',
    connection: 'acme',
    migration: kind,
    ...(engine === 'entra' ? { engine } : {}),
    groups: ['it'],
    by: 'ada',
    options: { ...OPTIONS, ...options },
  };
}

export function done(...steps: MigrationStep[]): readonly JournalEntry[] {
  return steps.flatMap((step): JournalEntry[] => [
    { kind: 'begun', step },
    { kind: 'done', step },
  ]);
}

export function approved(gate: 'coverage' | 'disable' | 'revocation', digest: string, by = 'bob'): JournalEntry {
  return { kind: 'approved', gate, digest, by, expiresAt: NOW + 1000 };
}

/** A journal of these entries, chained. */
export function journal(...entries: readonly JournalEntry[]): readonly JournalLine[] {
  const lines: JournalLine[] = [];
  for (const entry of entries) lines.push(nextLine('m1', lines.at(-1), entry, NOW));
  return lines;
}

export function state(...entries: readonly JournalEntry[]): MigrationState {
  return stateOf(journal(...entries));
}

/** Ann and Ben through the group IT, Ben directly too; both with an account, and the SCIM group with both in it. */
export function guide(organisation: Partial<Organisation> = {}) {
  return aPlanInput(
    {
      users: [aUser('ann'), aUser('ben')],
      groups: { it: { name: 'IT', users: ['ann', 'ben'] } },
      assignments: [assignGroup('it'), assignUser('ben')],
      ...organisation,
    },
    {
      links: [
        aLink('ann'),
        aLink('ben'),
        aLink('it', { resource: 'group', resourceId: 'g-it', members: ['ann', 'ben'] }),
      ],
      provider: {
        accounts: ['ann', 'ben'].map((name) =>
          anAccount(`id-${name}`, `${name}@contoso.com`, { externalId: `nick-${name}` }),
        ),
        groups: [aScimGroup('g-it', 'IT', { externalId: 'it', members: ['id-ann', 'id-ben'] })],
      },
    },
  );
}

export function aSurvey(
  kind: MigrationKind = 'remove-groups',
  input = guide(),
  credentials: readonly GuardedCredential[] = [],
): Survey {
  return surveyWith({ connection: 'acme', kind, groups: ['it'] }, input, { credentials });
}

/** A survey of an input; alone on its provider where `around` says nothing else. */
export function surveyWith(request: MigrationRequest, input: PlanInput, around: Partial<Surroundings> = {}): Survey {
  const due = planCycle(input);
  return surveyOf(request, input, {
    due: due.plan.operations,
    noAccounts: noAccounts(due, []),
    jobs: ALONE,
    elsewhere: { groups: [], tokens: [], neighbours: [], unseen: [] },
    credentials: [],
    ...around,
  });
}
