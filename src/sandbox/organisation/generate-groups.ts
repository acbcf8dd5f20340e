import type { Json, JsonObject } from '../../core/scim.ts';
import type { TenantUser } from './model.ts';
import { AWKWARD_GROUP_NAMES, DEPARTMENTS } from './names.ts';
import type { Random } from './random.ts';

export interface GeneratedGroup {
  readonly id: string;
  readonly properties: JsonObject;
  readonly members: string[];
  /** Whether the group is assigned to the application. */
  readonly assigned: boolean;
}

interface GroupPlan {
  readonly count: number;
  readonly users: readonly TenantUser[];
  readonly founded: string;
  /** A service principal, which some groups hold although it is never provisioned. */
  readonly outsider: string;
}

/** What is special about the group at an index. Every kind occurs once there are 24 groups. */
function traits(index: number, name: string): Record<string, Json> {
  if (index % 12 === 5) {
    const membershipRule = 'user.department -eq "Sales"';
    return { groupTypes: ['DynamicMembership'], membershipRule, membershipRuleProcessingState: 'On' };
  }
  if (index % 12 === 7) {
    const onPremisesSamAccountName = name.slice(0, 20);
    return { onPremisesSyncEnabled: true, onPremisesSamAccountName, onPremisesDomainName: 'corp.contoso.example' };
  }
  if (index % 12 === 9) {
    const mail = `group${index}@contoso.example`;
    return { groupTypes: ['Unified'], mailEnabled: true, mail, visibility: 'Private' };
  }
  // Not security-enabled: Entra refuses to assign it, so it is never assigned here either.
  if (index % 12 === 10) return { mailEnabled: true, securityEnabled: false, mail: `list${index}@contoso.example` };
  if (index % 12 === 11) return { isAssignableToRole: true, visibility: 'Private' };
  return {};
}

function nameOf(index: number): string {
  const awkward = AWKWARD_GROUP_NAMES[index - 2];
  if (index === 0) return 'IT';
  if (index === 1) return 'All staff';
  return awkward ?? `${DEPARTMENTS[index % DEPARTMENTS.length] ?? ''} ${Math.floor(index / DEPARTMENTS.length)}`;
}

function emptyGroup(random: Random, index: number, founded: string): GeneratedGroup {
  const displayName = nameOf(index);
  const special = traits(index, displayName);
  const properties = {
    displayName,
    description: index % 3 === 0 ? `Group ${index} of the sandbox` : null,
    mailNickname: `group${index}`,
    mailEnabled: false,
    securityEnabled: true,
    groupTypes: [],
    createdDateTime: founded,
    ...special,
  };
  return {
    id: random.guid(),
    properties,
    members: [],
    assigned: special['securityEnabled'] !== false && index % 5 < 2,
  };
}

/** Groups with one to about five memberships a user, one group that holds every tenth user at least, and nesting. */
export function generateGroups(random: Random, plan: GroupPlan): GeneratedGroup[] {
  const groups = Array.from({ length: plan.count }, (_, index) => emptyGroup(random, index, plan.founded));
  const [first, large] = groups;
  if (first === undefined) return groups;
  for (const user of plan.users) {
    if (large !== undefined && random.chance(0.6)) large.members.push(user.id);
    const chosen = new Set<GeneratedGroup>();
    for (let picks = random.int(6); picks > 0; picks -= 1) chosen.add(random.pick(groups));
    for (const group of chosen) if (group !== large) group.members.push(user.id);
  }
  nest(groups);
  if (plan.count > 3) groups[3]?.members.push(plan.outsider);
  return groups;
}

/** Every fourth group holds the next one, some two levels deep, and one pair holds each other, as Entra allows. */
function nest(groups: readonly GeneratedGroup[]): void {
  for (let index = 0; index + 2 < groups.length; index += 4) {
    const [outer, middle, inner] = groups.slice(index, index + 3);
    if (outer !== undefined && middle !== undefined) outer.members.push(middle.id);
    if (middle !== undefined && inner !== undefined && index % 8 === 0) middle.members.push(inner.id);
    if (inner !== undefined && outer !== undefined && index === 16) inner.members.push(outer.id);
  }
}
