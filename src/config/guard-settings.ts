import { z } from 'zod';
import { DECIDABLE_GUARDS } from '../core/verdict.ts';
import * as field from './fields.ts';

const count = field.wholeNumber(0, 1_000_000);
const percent = field.someNumber(0, 100);

/** A limit of its own for one kind of removal: both numbers have to be said. */
const ownLimit = field.settings({
  count: count.describe('Most of them within the window.'),
  percent: percent.describe('Most of them as a share, from five on.'),
});

const tooManyRemovals = field.settings({
  count: count.default(50).describe('Most removals of one kind within the window.'),
  percent: percent.default(10).describe('Most removals as a share of what is linked, from five on.'),
  windowHours: field
    .wholeNumber(1, 720)
    .default(24)
    .describe('Removals carried out within so many hours count together with what is planned.'),
  accountsDisabled: ownLimit.optional().describe('A limit of its own for accounts disabled.'),
  accountsDeleted: ownLimit.optional().describe('A limit of its own for accounts deleted.'),
  groupsDeleted: ownLimit.optional().describe('A limit of its own for SCIM groups deleted.'),
  membersRemoved: ownLimit.optional().describe('A limit of its own for members taken out of groups.'),
  membersOfOneGroup: field
    .settings({
      count: count.default(50).describe('Most members taken out of one group within the window.'),
      percent: percent.default(50).describe('Most of them as a share of its members, from five on.'),
    })
    .prefault({})
    .describe('Members taken out of a single group that stays.'),
});

const groupCliff = field.settings({
  count: count.default(20).describe('Most people who lose their only path, one group.'),
  percent: percent.default(50).describe('Most of them as a share of those the group alone lets in, from five on.'),
});

/** `guards` of a connection: limits, what is never taken away, how long an approval lasts, what is switched off. */
export const guardSettings = field
  .settings({
    tooManyRemovals: tooManyRemovals.prefault({}),
    groupCliff: groupCliff.prefault({}),
    protectedAccounts: z.array(field.person()).default([]).describe('Users whose accounts are never taken away.'),
    tokenOwner: z
      .enum(['warn', 'strict'])
      .default('warn')
      .describe(
        'What a token whose owner nobody knows means, or an owner leaving a SCIM group that may make administrators: a warning, or that nothing is taken away.',
      ),
    approvalHours: field
      .someNumber(0.1, 720)
      .default(24)
      .describe('For how many hours an approval lets through what a guard holds.'),
    off: z.array(z.enum(DECIDABLE_GUARDS)).default([]).describe('Guards that are switched off.'),
  })
  .prefault({});
