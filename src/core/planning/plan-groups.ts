import { diffGroup } from '../diff.ts';
import type { Anchor } from '../directory.ts';
import type { Link } from '../link.ts';
import { WAVE } from '../operation.ts';
import { counted, attributesDiffer, listed } from '../reasons.ts';
import { foldText, sameText } from '../scim-compare.ts';
import { groupName, type Scope } from '../scope.ts';
import type { ResourceId, ScimGroup } from '../scim.ts';
import { notice, type PlanDraft, type PlanInput } from './plan-input.ts';

type GroupLinks = { readonly byAnchor: ReadonlyMap<Anchor, Link>; readonly linkedTo: ReadonlyMap<ResourceId, Anchor> };

/** SCIM groups nobody of ours is linked to, found without scanning. */
class FreeGroups {
  readonly byExternalId: ReadonlyMap<string, readonly ScimGroup[]>;
  readonly byName: ReadonlyMap<string, readonly ScimGroup[]>;
  constructor(groups: readonly ScimGroup[]) {
    this.byExternalId = grouped(groups, (group) => group.externalId);
    this.byName = grouped(groups, (group) => foldText(group.displayName));
  }
}

function grouped(groups: readonly ScimGroup[], keyOf: (group: ScimGroup) => string | undefined) {
  const index = new Map<string, ScimGroup[]>();
  for (const group of groups) {
    const key = keyOf(group);
    if (key === undefined) continue;
    const known = index.get(key);
    if (known === undefined) index.set(key, [group]);
    else known.push(group);
  }
  return index;
}

/** Assigned directory groups that exist and can be provisioned under this connection's rules and profile. */
export function groupsInScope(input: PlanInput, scope: Scope): readonly Anchor[] {
  if (!input.rules.scope.groups || !input.profile.groups.supported) return [];
  return scope.groups.filter((group) => input.directory.groups.has(group));
}

/** Plans SCIM groups in scope: create, rename and link. */
export function planGroups(input: PlanInput, draft: PlanDraft, scope: Scope, links: GroupLinks): void {
  const byId = new Map(input.inventory.groups.resources.map((group) => [group.id, group]));
  const free = new FreeGroups(input.inventory.groups.resources.filter((group) => !links.linkedTo.has(group.id)));
  const unverified: Anchor[] = [];
  const created = new Map<string, string[]>();
  for (const anchor of groupsInScope(input, scope)) {
    const link = links.byAnchor.get(anchor);
    const linked = link === undefined || link.state === 'deleted' ? undefined : link;
    const looksAt = input.focus?.groups.has(anchor) ?? true;
    if (!looksAt && (linked !== undefined || input.focus?.only === true)) continue;
    const current = linked === undefined ? undefined : byId.get(linked.resourceId);
    if (current !== undefined) planKnownGroup(input, draft, anchor, current);
    else if (linked !== undefined && !input.vanished.group.has(linked.resourceId)) unverified.push(anchor);
    else planUnlinkedGroup(input, draft, anchor, free, created, linked !== undefined);
  }
  collideByName(draft, created);
  notice(
    draft,
    'account-unverified',
    `${counted(unverified.length, 'linked SCIM group is', 'linked SCIM groups are')} missing from a listing that cannot be trusted`,
    unverified,
  );
  noticeUnrenamed(input, draft, scope, links.byAnchor, byId);
}

function planKnownGroup(
  input: PlanInput,
  draft: PlanDraft,
  anchor: Anchor,
  current: ScimGroup,
  matchedBy?: string,
): void {
  const label = groupName(input.directory, anchor);
  const changes = diffGroup({ displayName: label, externalId: anchor }, current, input.profile).filter(
    ({ path }) => input.profile.groups.rename || path !== 'displayName',
  );
  const base = { resource: 'group' as const, wave: WAVE.groups, anchor, label, resourceId: current.id };
  if (changes.length > 0) {
    const matched = matchedBy === undefined ? {} : { matchedBy };
    draft.operations.push({
      ...base,
      kind: 'update',
      key: `2:group:update:${anchor}`,
      reason: attributesDiffer(changes),
      attributes: changes,
      ...matched,
    });
  } else if (matchedBy !== undefined) {
    const reason = { code: 'matched' as const, text: `matched by ${matchedBy}` };
    draft.operations.push({ ...base, kind: 'link', key: `2:group:link:${anchor}`, matchedBy, reason });
  }
}

/** A group of ours carries the directory group's id in externalId; one without any externalId may be adopted by its name. */
function planUnlinkedGroup(
  input: PlanInput,
  draft: PlanDraft,
  anchor: Anchor,
  free: FreeGroups,
  created: Map<string, string[]>,
  vanished: boolean,
): void {
  const label = groupName(input.directory, anchor);
  const ours = free.byExternalId.get(anchor) ?? [];
  const named = free.byName.get(foldText(label)) ?? [];
  const candidates = ours.length > 0 ? ours : named;
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1 && (ours.length > 0 || only.externalId === undefined)) {
    planKnownGroup(input, draft, anchor, only, ours.length > 0 ? 'externalId' : 'displayName');
    return;
  }
  const key = `${WAVE.groups}:group:create:${anchor}`;
  const reason = vanished
    ? { code: 'account-vanished' as const, text: 'the linked SCIM group is gone at the provider' }
    : { code: 'group-in-scope' as const, text: 'assigned to the application' };
  draft.operations.push({
    resource: 'group',
    kind: 'create',
    key,
    wave: WAVE.groups,
    anchor,
    label,
    reason,
    displayName: label,
    externalId: anchor,
  });
  const name = foldText(label);
  created.set(name, [...(created.get(name) ?? []), key]);
  if (candidates.length > 0) {
    const text = `group ${label}: ${candidates.length} SCIM groups of that name exist and are not Headgate's (${candidates.map(({ id }) => id).join(', ')})`;
    draft.collisions.push({ text, operations: [key] });
  }
}

/** Providers take displayName as the name of a group: two directory groups of one name would become one. */
function collideByName(draft: PlanDraft, created: ReadonlyMap<string, readonly string[]>): void {
  for (const [name, keys] of created) {
    if (keys.length > 1)
      draft.collisions.push({ text: `${keys.length} assigned groups are named "${name}"`, operations: keys });
  }
}

/** A group that cannot be renamed keeps its old name: making a new one in its place would drop what the old one opens. */
function noticeUnrenamed(
  input: PlanInput,
  draft: PlanDraft,
  scope: Scope,
  links: ReadonlyMap<Anchor, Link>,
  byId: ReadonlyMap<ResourceId, ScimGroup>,
): void {
  if (input.profile.groups.rename) return;
  const renamed = groupsInScope(input, scope).filter((anchor) => {
    const link = links.get(anchor);
    const current = link === undefined || link.state === 'deleted' ? undefined : byId.get(link.resourceId);
    return current !== undefined && !sameText(current.displayName, groupName(input.directory, anchor), 'exact');
  });
  const names = listed(renamed.map((anchor) => groupName(input.directory, anchor)));
  const text = `${counted(renamed.length, 'SCIM group keeps its old name', 'SCIM groups keep their old names')}, because the provider cannot rename groups: ${names}. To rename one, make a new group there, move the members and delete the old one`;
  notice(draft, 'group-not-renamed', text, renamed);
}

/** Assigned groups that are not provisioned, because the provider knows none. */
export function noticeUnsupportedGroups(input: PlanInput, draft: PlanDraft, scope: Scope): void {
  if (!input.rules.scope.groups || input.profile.groups.supported) return;
  const text = `${scope.groups.length} assigned groups are not provisioned: the provider has no groups. Their members are`;
  notice(draft, 'groups-unsupported', text, scope.groups);
}
