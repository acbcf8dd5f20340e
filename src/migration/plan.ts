import { obstacles } from '../core/migration/findings.ts';
import type { SurveyFinding } from '../core/migration/survey.ts';
import { whatIfUnassigned, type WhatIf } from '../core/whatif.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { MigrationAsk, MigrationPlan } from '../ports/migration-operator.ts';
import type { Stores } from '../ports/stores.ts';
import { gatherDirectory } from '../provisioning/gather-directory.ts';
import { onSameApplication } from './neighbours.ts';
import { requestsOf } from './plan-requests.ts';
import { unreadiness } from './readiness.ts';
import { resolveGroups } from './resolve-groups.ts';
import { takeSurvey } from './survey.ts';

/** Who would lose access if groups were unassigned. Reads the directory only. */
export async function whatIf(
  connection: Connection,
  { stores: { links }, connections }: Pick<Ports, 'connections'> & { readonly stores: Pick<Stores, 'links'> },
  groups: readonly string[],
  signal: AbortSignal,
): Promise<WhatIf> {
  const ids = await resolveGroups(connection, { groups }, signal);
  const directory = await gatherDirectory(connection, await links.load(connection.rules.name), signal);
  const others = onSameApplication(connection, connections).map(({ rules }) => rules.name);
  return { ...whatIfUnassigned(directory, connection.rules, ids), ...(others.length > 0 && { others }) };
}

/** What a migration would do, with every request as it would be sent. Reads only. */
export async function planMigration(
  connection: Connection,
  ports: Ports,
  ask: MigrationAsk,
  progress: ReadProgress,
  signal: AbortSignal,
): Promise<MigrationPlan> {
  const unready = await unreadiness(ports, connection, signal);
  const groups = await resolveGroups(connection, ask, signal);
  const { survey, facts } = await takeSurvey(connection, ports, { kind: ask.kind, groups }, signal, progress);
  return {
    survey,
    obstacles: [...unready.map(({ text }) => notReady(text)), ...obstacles(survey, ask.options)],
    whatIf: whatIfUnassigned(
      facts.directory,
      connection.rules,
      survey.groups.map(({ anchor }) => anchor),
    ),
    requests: requestsOf(survey, connection, facts.directory.application.roles),
  };
}

function notReady(text: string): SurveyFinding {
  return { code: 'not-ready', severity: 'refuse', text, anchors: [] };
}
