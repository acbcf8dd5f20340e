import { counted, listed } from '../reasons.ts';
import type { Guard } from './facts.ts';

/**
 * Holds deletes of SCIM groups that would still have members: what the group gave them goes at once, and a group made
 * again later has another id, so whatever was granted to it does not come back.
 */
export const nonEmptyGroupDelete: Guard = ({ plan }) => {
  const deletes = plan.operations.flatMap((one) =>
    one.resource === 'group' && one.kind === 'delete' && (one.members ?? 0) > 0 ? [one] : [],
  );
  if (deletes.length === 0) return [];
  const members = deletes.reduce((sum, one) => sum + (one.members ?? 0), 0);
  return [
    {
      guard: 'non-empty-group-delete',
      effect: 'hold',
      message: `deleting ${listed(deletes.map((one) => `group ${one.label} with ${counted(one.members ?? 0, 'member')}`))}; made again it would have another id, and what was granted to it would be lost`,
      remedy:
        'if the group was unassigned by mistake, assign it again and the hold lifts by itself. If it is to go, approve it (headgate holds list), or take its members out at the service provider first.',
      operations: deletes.map(({ key }) => key),
      numbers: { groups: deletes.length, members },
    },
  ];
};
