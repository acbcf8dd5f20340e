import { isLive, type Credential } from '../credential.ts';
import type { Anchor } from '../directory.ts';
import { listed } from '../reasons.ts';
import { neighbourFindings, type Neighbour } from './neighbour.ts';
import type { Survey, SurveyFinding } from './survey.ts';

/** A group that is to go and that another connection uses: the very same SCIM group, or one of its own for the same assignment. */
export interface GroupElsewhere {
  readonly anchor: Anchor;
  readonly connection: string;
  readonly how: 'same-scim-group' | 'same-application';
}

/** What other connections use of what a migration takes away. */
export interface Elsewhere {
  readonly groups: readonly GroupElsewhere[];
  /** Connections that use a token which is to be revoked. */
  readonly tokens: readonly string[];
  /** Names of connections on the same application, or to the same provider, that are in the configuration of another process. */
  readonly unseen: readonly string[];
  /** Connections of the same application by whose scope the groups let in more people than by this one's. */
  readonly neighbours: readonly Neighbour[];
}

/** Names of the other connections that use a token of this one, sorted. */
export function tokensElsewhere(connection: string, credentials: readonly Credential[]): readonly string[] {
  const live = credentials.filter(isLive);
  const own = new Set(live.filter((one) => one.connection === connection).map(({ fingerprint }) => fingerprint));
  const users = live.filter(({ fingerprint }) => own.has(fingerprint)).map((one) => one.connection);
  return [...new Set(users)].filter((name) => name !== connection).toSorted();
}

/** What takes something from another connection is asked about: no guard of that connection would. */
export function elsewhereFindings(
  elsewhere: Elsewhere,
  { groups, users, connection }: Pick<Survey, 'groups' | 'users' | 'connection'>,
): readonly SurveyFinding[] {
  const about = (how: GroupElsewhere['how']) => {
    const found = elsewhere.groups.filter((one) => one.how === how);
    const anchors = groups.filter(({ anchor }) => found.some((one) => one.anchor === anchor));
    return {
      anchors: anchors.map(({ anchor }) => anchor).toSorted(),
      names: listed(anchors.map(({ name }) => name)),
      others: listed([...new Set(found.map(({ connection }) => connection))].toSorted()),
    };
  };
  const shared = about('same-scim-group');
  const unassigned = about('same-application');
  const unseen = unseenWords(connection, elsewhere.unseen);
  const findings: SurveyFinding[] = [
    {
      code: 'shared-group',
      severity: 'consent',
      text: sharedText(shared.names, shared.others),
      anchors: shared.anchors,
    },
    {
      code: 'group-elsewhere',
      severity: 'consent',
      text: `unassigned from this application, ${unassigned.names} also goes at the provider of ${unassigned.others}, by its own next cycle and with the rights it gives there. The accounts stay: everybody whom the group lets in there is assigned directly, or has another way in`,
      anchors: unassigned.anchors,
    },
    {
      code: 'shared-token',
      severity: 'consent',
      text: `${listed(elsewhere.tokens)} ${elsewhere.tokens.length === 1 ? 'uses' : 'use'} the same token as ${connection}: once it is revoked, the provider refuses both. Give the other one a token of its own first: ${rotations(elsewhere.tokens)}`,
      anchors: elsewhere.tokens,
    },
    {
      code: 'other-configuration',
      severity: 'consent',
      text: `${unseen.detail}. ${unseen.remedy}`,
      anchors: elsewhere.unseen,
    },
  ];
  return [
    ...elsewhere.neighbours.flatMap((neighbour) => neighbourFindings(neighbour, { groups, users, connection })),
    ...findings.filter(({ anchors }) => anchors.length > 0),
  ];
}

function rotations(connections: readonly string[]): string {
  return connections.map((name) => `headgate token rotate -c ${name} --ask`).join('; ');
}

/** Said by the survey and by the doctor of connections that another configuration has: what of it, and what to do. */
export function unseenWords(
  connection: string,
  others: readonly string[],
): { readonly detail: string; readonly remedy: string } {
  const [works, them] = others.length === 1 ? ['works', 'it'] : ['work', 'them'];
  return {
    detail: `${listed(others)}, in the configuration of another Headgate on this database, ${works} on the same application or service provider as ${connection}: who would lose something there is not looked at, neither before a migration takes anything away nor in a rollback`,
    remedy: `Put ${them} into this configuration. What is in none any more counts for another week`,
  };
}

/** Said by the survey, and by the request that would do it. */
export function sharedText(groups: string, connections: string): string {
  return `the SCIM groups of ${groups} are in use by ${connections} too, at the same service provider: emptied and deleted here they are gone there, until a full cycle makes them anew with other ids. If they are to stay, leave them out of the migration`;
}
