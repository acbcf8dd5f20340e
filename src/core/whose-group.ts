import { unsupportedTargets } from './diff.ts';
import type { Anchor } from './directory.ts';
import type { Link } from './link.ts';
import type { ProviderProfile } from './profile.ts';
import { foldName } from './reasons.ts';
import type { ScimGroup } from './scim.ts';

/** A directory group as it may be recognised at the provider. */
export interface NamedGroup {
  readonly anchor: Anchor;
  readonly name: string;
}

/**
 * Whose a SCIM group has become that shows nothing of the directory group it is linked for, in words; undefined where it is
 * still theirs or cannot be told apart from one that was renamed by hand. Two things tell: it shows another group, or it has
 * an externalId that is not theirs, which nobody writes by hand. Where groups keep their old names a name tells nothing.
 */
export function newGroupOwner(
  { anchor, label }: Pick<Link, 'anchor' | 'label'>,
  { displayName, externalId = '' }: ScimGroup,
  profile: ProviderProfile,
  known: Iterable<NamedGroup>,
): string | undefined {
  const name = foldName(displayName);
  if (externalId === anchor || name === foldName(label)) return undefined;
  const groups = [...known];
  if (groups.some((group) => group.anchor === anchor && foldName(group.name) === name)) return undefined;
  const shows = [
    `displayName ${JSON.stringify(displayName)}`,
    ...(externalId === '' ? [] : [`externalId ${JSON.stringify(externalId)}`]),
  ].join(' and ');
  const isShown = (group: NamedGroup) =>
    group.anchor === externalId || (profile.groups.rename && name !== '' && foldName(group.name) === name);
  const other = groups.find((group) => group.anchor !== anchor && isShown(group));
  if (other !== undefined) return `it shows ${shows}: ${other.name} (${other.anchor})`;
  if (externalId === '' || unsupportedTargets(['externalId'], profile).length > 0) return undefined;
  return `it shows ${shows}, and theirs is ${JSON.stringify(anchor)}`;
}
