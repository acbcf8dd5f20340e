import { canaryMember } from '../core/migration/canary-member.ts';
import { obstacles } from '../core/migration/findings.ts';
import { stepsOf } from '../core/migration/migration.ts';
import type { Survey, SurveyFinding } from '../core/migration/survey.ts';
import { whatIfUnassigned, type WhatIf } from '../core/whatif.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { MigrationAsk, MigrationPlan } from '../ports/migration-operator.ts';
import type { Stores } from '../ports/stores.ts';
import { gatherDirectory } from '../provisioning/gather-directory.ts';
import { onSameApplication } from './neighbours.ts';
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
    requests: requestsOf(survey, connection),
  };
}

function notReady(text: string): SurveyFinding {
  return { code: 'not-ready', severity: 'refuse', text, anchors: [] };
}

function requestsOf(survey: Survey, { directory, provider, rules }: Connection): MigrationPlan['requests'] {
  const application = survey.application.id;
  const steps = new Set(stepsOf(survey.kind, 'forward', rules.engine ?? 'headgate'));
  const assigns = survey.users.flatMap((user) =>
    user.missing.map((roleId) => ({
      step: 'assign-directly',
      what: `assign ${user.label} directly`,
      request: directory.show({ kind: 'assign', application, principal: user.anchor, roleId }),
    })),
  );
  const scim = survey.groups.flatMap(({ anchor, name, scimGroup }) =>
    scimGroup === undefined ? [] : [{ anchor, name, ...scimGroup }],
  );
  const canary = canaryMember(survey);
  const first = scim
    .filter(({ anchor }) => anchor === canary?.group)
    .map((group) => ({ ...group, members: canary === undefined ? [] : [canary.member] }));
  const others = scim.map((group) => ({
    ...group,
    members: (group.members ?? []).filter((id) => group.anchor !== canary?.group || id !== canary.member),
  }));
  const empties = [...first, ...others.filter(({ members }) => members.length > 0)].flatMap(({ id, name, members }) =>
    provider.preview(id, { remove: members }).map((request) => ({
      step: 'empty-groups',
      what: `take members out of SCIM group ${name}`,
      request,
    })),
  );
  const unassigns = survey.groups.flatMap(({ name, assignments }) =>
    assignments.map(({ id }) => ({
      step: 'unassign-groups',
      what: `unassign group ${name}`,
      request: directory.show({ kind: 'unassign', application, assignment: id }),
    })),
  );
  // Entra's own engine deletes what it finds unassigned; Headgate only stops it in the end.
  const deleted = rules.engine === 'entra' ? [] : scim;
  const deletes = deleted.flatMap(({ id, name }) =>
    provider
      .preview(id, 'delete')
      .map((request) => ({ step: 'full-cycle', what: `delete SCIM group ${name}`, request })),
  );
  const { job } = survey;
  const pauses =
    job === undefined
      ? []
      : [
          {
            step: 'disable-connection',
            what: "pause Entra's own provisioning",
            request: directory.show({ kind: 'pause-job', application, job: job.id }),
          },
        ];
  return [...assigns, ...empties, ...unassigns, ...deletes, ...pauses].filter(({ step }) =>
    [...steps].some((one) => one === step),
  );
}
