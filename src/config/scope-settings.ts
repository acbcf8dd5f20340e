import { z } from 'zod';
import { NUMBER_OPERATORS, STATE_OPERATORS, TEXT_OPERATORS } from '../core/scoping-filter.ts';
import * as field from './fields.ts';

/** One condition of a scoping filter; what fits what is checked apart. */
const filterClause = field.settings({
  attribute: field.text().describe('Directory attribute, for example department.'),
  is: z
    .enum([...TEXT_OPERATORS, ...STATE_OPERATORS, ...NUMBER_OPERATORS])
    .describe("The operator, as in Entra's scoping filters. No value passes only is-null."),
  value: z
    .union([z.string(), z.number(), z.boolean()])
    .optional()
    .describe('What to compare with; text in quotes. None for is-true, is-false, is-null, is-not-null.'),
});

const scopingFilter = field.settings({
  name: field.text().describe('Name of the filter in plans and explanations.'),
  clauses: z.array(filterClause).min(1, 'must have at least one clause').describe('All of them must hold.'),
});

/** `scope` of a connection: what of the assigned users and groups is provisioned. */
export const scopeSettings = field
  .settings({
    groups: field.yesNo().default(true).describe('Provision assigned directory groups as SCIM groups.'),
    nestedGroups: z
      .enum(['direct', 'expand'])
      .default('direct')
      .describe('direct: like Entra, only direct members of assigned groups. expand: members of nested groups too.'),
    filters: z
      .array(scopingFilter)
      .default([])
      .describe('Only assigned users whom one of these lets in are provisioned; none: everybody who is assigned.'),
  })
  .prefault({});
