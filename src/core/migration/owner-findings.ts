import type { Anchor } from '../directory.ts';
import { described, owns, type GuardedCredential } from '../guards/token-owner.ts';
import type { Link } from '../link.ts';
import { isLive } from '../credential.ts';
import { listed } from '../reasons.ts';
import type { Survey, SurveyFinding } from './survey.ts';

interface Concerned {
  readonly anchor: Anchor;
  readonly label: string;
}

/** Whom a survey is about, as far as their tokens are concerned. */
export interface OwnerFacts {
  readonly users: Survey['users'];
  readonly uncovered: Survey['uncovered'];
  /** Whom the next full cycle would take access from. */
  readonly removed: readonly Anchor[];
  readonly links: readonly Link[];
  readonly engine?: 'entra';
  /** Credentials of every connection. */
  readonly credentials: readonly GuardedCredential[];
}

/**
 * Owners of tokens in use among those who lose their access now, or would without a direct assignment (requirement T2). A
 * cycle of Headgate's holds them; one of Entra's does not, and the token of this or another connection may end with them. So
 * it may with members who stay: nobody here knows which groups make somebody an administrator at the provider.
 */
export function ownerFindings(facts: OwnerFacts): readonly SurveyFinding[] {
  const live = facts.credentials.filter(isLive);
  const leaving = concernedOf(facts);
  const inside = facts.users.filter(({ anchor }) => !leaving.some((user) => user.anchor === anchor));
  const held =
    facts.engine === 'entra'
      ? "Entra's own cycles hold nobody back: whoever loses the last way in is removed, and the token may end with the account"
      : 'cycles hold them back, but whoever removes the account at the provider ends the token';
  return [
    ...told(
      leaving,
      live,
      (whose) =>
        `of those who lose their access, or are reached only through the groups, some own tokens in use: ${whose}. ${held}`,
    ),
    ...told(
      inside,
      live.filter(({ ownerCoupled }) => ownerCoupled),
      (whose) =>
        `of the members of the groups who stay, some own tokens in use: ${whose}. Where a group makes them an administrator at the provider, they are none any more once it is empty, and the token stops working`,
    ),
  ];
}

function told(
  users: readonly Concerned[],
  live: readonly GuardedCredential[],
  words: (whose: string) => string,
): readonly SurveyFinding[] {
  const owning = users.flatMap((user) => {
    const owned = live.filter((credential) => owns(credential, user));
    return owned.length === 0 ? [] : [{ user, owned }];
  });
  if (owning.length === 0) return [];
  const whose = owning.map(({ user, owned }) => `${user.label} (${listed(owned.map(described))})`);
  const connections = [...new Set(owning.flatMap(({ owned }) => owned.map(({ connection }) => connection)))];
  return [
    {
      code: 'token-owner',
      severity: 'note',
      text: `${words(listed(whose))}. Replace it first: ${connections.map((name) => `headgate token rotate -c ${name}`).join('; ')}`,
      anchors: owning.map(({ user }) => user.anchor),
    },
  ];
}

function concernedOf({ users, uncovered, removed, links }: OwnerFacts): readonly Concerned[] {
  const labels = new Map<Anchor, string>([
    ...links.filter(({ resource }) => resource === 'account').map(({ anchor, label }) => [anchor, label] as const),
    ...users.map(({ anchor, label }) => [anchor, label] as const),
  ]);
  return [...new Set([...uncovered, ...removed])].sort().map((anchor) => ({
    anchor,
    label: labels.get(anchor) ?? anchor,
  }));
}
