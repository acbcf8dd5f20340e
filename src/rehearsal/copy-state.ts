import type { Anchor, DirectoryUser, Whereabouts } from '../core/directory.ts';
import type { Escrow } from '../core/escrow.ts';
import { obstacles } from '../core/migration/findings.ts';
import type { Hindrance } from '../core/migration/rehearsal.ts';
import type { Survey, SurveyFinding } from '../core/migration/survey.ts';
import type { PlanInput } from '../core/planning/plan-input.ts';
import { onSameApplication } from '../migration/neighbours.ts';
import { unreadiness } from '../migration/readiness.ts';
import { resolveGroups } from '../migration/resolve-groups.ts';
import { takeSurvey } from '../migration/survey.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { MigrationAsk } from '../ports/migration-operator.ts';
import { attributesOf } from '../provisioning/gather-directory.ts';
import { sharingWith } from '../provisioning/shared-resources.ts';

/** Everything a rehearsal is made from, read from what is really there. */
export interface CopiedState {
  readonly groups: readonly Anchor[];
  readonly survey: Survey;
  readonly facts: PlanInput;
  /** Accounts the provider has refused to make. */
  readonly refused: readonly Escrow[];
  /** Findings that keep the migration from beginning with what was accepted. */
  readonly obstacles: readonly SurveyFinding[];
  /** Everything else that would keep it from beginning. */
  readonly hindrances: readonly Hindrance[];
  /** Users whom no assignment reaches and who are in the directory all the same: linked ones, and managers. */
  readonly elsewhere: ReadonlyMap<Anchor, DirectoryUser>;
  /** Other connections of the same application or to the same service provider, of which nothing is copied. */
  readonly beside: readonly string[];
}

/** Reads both sides and the store, and writes nothing anywhere. */
export async function copyState(
  connection: Connection,
  ports: Ports,
  ask: MigrationAsk,
  progress: ReadProgress,
  signal: AbortSignal,
): Promise<CopiedState> {
  const unready = await unreadiness(ports, connection, signal);
  const groups = await resolveGroups(connection, ask, signal);
  const { survey, facts, escrows } = await takeSurvey(connection, ports, { kind: ask.kind, groups }, signal, progress);
  return {
    groups,
    survey,
    facts,
    refused: escrows.filter(({ resource, kind }) => resource === 'account' && kind === 'create'),
    obstacles: obstacles(survey, ask.options),
    hindrances: unready.map(({ code, text }) => ({ code, text })),
    elsewhere: await usersElsewhere(connection, facts, signal),
    beside: connectionsNotCopied(connection, ports),
  };
}

function connectionsNotCopied(connection: Connection, { connections }: Pick<Ports, 'connections'>): readonly string[] {
  const sameApplication = onSameApplication(connection, connections).map(({ rules }) => rules.name);
  return [...new Set([...sameApplication, ...sharingWith(connection, connections)])].sort();
}

/** Users the snapshot only names: a manager who is not in scope, and linked users whom nothing reaches any more. */
async function usersElsewhere(
  connection: Connection,
  { directory }: PlanInput,
  signal: AbortSignal,
): Promise<ReadonlyMap<Anchor, DirectoryUser>> {
  const here = (where: Whereabouts) => where === 'present' || where === 'disabled';
  const linked = [...directory.whereabouts].filter(([, where]) => here(where)).map(([anchor]) => anchor);
  const managers = [...directory.users.values()].flatMap(({ manager }) => (manager === undefined ? [] : [manager]));
  const wanted = [...new Set([...linked, ...managers])].filter((anchor) => !directory.users.has(anchor)).sort();
  return connection.directory.readUsers(wanted, attributesOf(connection), signal);
}
