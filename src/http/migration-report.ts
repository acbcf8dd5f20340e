import type { MigrationReport, ReportedRequest } from '../core/migration/report.ts';
import type { RequestOutcome } from '../core/migration/reported-calls.ts';
import type { ReportedGroup, ReportVerdict } from '../core/migration/report-verdict.ts';
import type { ActiveAccount } from '../core/migration/survey.ts';
import { html, type Html } from './html.ts';

/** The page carries its style in itself: it is kept and handed on as one file. */
const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1f24}
h1{margin-bottom:0}table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #d8dee4;vertical-align:top;overflow-wrap:anywhere}
th{background:#f6f8fa}code{font:12px ui-monospace,monospace}.passed{color:#116329}.failed{color:#a40e26}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}`;

const VERDICTS: Readonly<Record<ReportVerdict, Html>> = {
  passed: html`<strong class="passed">Passed:</strong> the same active accounts by id before and after, every group
    gone, and an unbroken journal.`,
  restored: html`<strong class="passed">Rolled back:</strong> the same active accounts by id before and after, every
    group assigned and there again, no direct assignment of the migration left, and an unbroken journal.`,
  open: html`<strong>Not finished yet.</strong> What follows is how far it has come.`,
  failed: html`<strong class="failed">Not passed.</strong> See below what is missing.`,
};

/** An auditor has not read the manual. */
const OUTCOMES: Readonly<Record<RequestOutcome, string>> = {
  done: 'done',
  'already-so': 'it was so already',
  proved: 'no answer recorded; read back and found done',
  repeated: 'no answer recorded; sent again, see below',
  overcome: 'refused; what it was for is so all the same',
  failed: 'FAILED',
  unknown: 'NOT KNOWN: sent, and the answer was lost',
  'in-doubt': 'NOT KNOWN: no outcome was recorded',
  'not-sent': 'not sent',
};

function time(ms: number | undefined): string {
  return ms === undefined
    ? '–'
    : new Date(ms)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z');
}

function table(head: readonly string[], rows: readonly (readonly (string | number | Html)[])[]): Html {
  if (rows.length === 0) return html`<p>None.</p>`;
  return html`<table>
    <thead>
      <tr>
        ${head.map((name) => html`<th>${name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map((cell) => html`<td>${cell}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function code(text: string): Html {
  return html`<code>${text}</code>`;
}

function accountRows(report: MigrationReport): readonly (readonly (string | Html)[])[] {
  const { before, after, added, lost } = report.accounts;
  const idsLost = new Set(lost.map(({ id }) => id));
  const state = ({ id }: ActiveAccount) =>
    idsLost.has(id) ? 'LOST' : after === undefined ? 'not known' : 'active, the same id';
  return [
    ...before.map((account) => [account.label, code(account.id), 'active', state(account)]),
    ...added.map((account) => [account.label, code(account.id), '–', 'active, new since']),
  ];
}

/** What became of a group: that one is still there is wrong only where it should be gone. */
function groupState(group: ReportedGroup | undefined, result: MigrationReport['result']): string | Html {
  if (group === undefined) return 'not known';
  const { assigned, scimGroup, members, notBack = [] } = group;
  const directory = assigned === undefined ? '' : assigned ? ', assigned' : ', not assigned';
  if (scimGroup === null) return `gone${directory}`;
  const inside = members === undefined ? '' : `, members: ${members}`;
  const out = notBack.length === 0 ? '' : `, NOT IN IT AGAIN: ${notBack.join(', ')}`;
  return html`${result === 'succeeded' ? 'STILL THERE' : 'there'}: ${code(scimGroup)}${inside}${out}${directory}`;
}

function requestRow({ at, what, request, outcome, why }: ReportedRequest): readonly (string | Html)[] {
  const { body: sent, leftOut } = request;
  const body =
    sent !== undefined
      ? ` ${JSON.stringify(sent)}`
      : leftOut === undefined
        ? ''
        : ` (body of ${leftOut} characters not kept)`;
  const words = OUTCOMES[outcome];
  const ended = why === undefined ? words : `${words}: ${why}`;
  return [time(at), what, code(`${request.method} ${request.path}${body}`), ended];
}

/** A report as one self-contained page to keep and to hand to an auditor. It names people. */
export function renderMigrationReport(report: MigrationReport): string {
  const { chain, groups } = report;
  const after = new Map(groups.after?.map((group) => [group.anchor, group]));
  const sound = chain.sound
    ? html`unbroken, ${chain.lines} lines, last hash ${code(chain.hash)}`
    : html`<strong class="failed">broken at line ${chain.brokenAt ?? 0}</strong>`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>Migration ${report.id}</title>
        <style>
          ${{ html: STYLE }}
        </style>
      </head>
      <body>
        <h1>Migration of ${report.connection}: ${report.kind}</h1>
        <p>${VERDICTS[report.verdict]}</p>
        ${table(
          ['', ''],
          [
            ['Result', `${report.result}: ${report.text}`],
            ['Engine', report.engine === 'entra' ? "Entra's own provisioning" : 'Headgate'],
            ['Started', `${time(report.startedAt)} by ${report.requestedBy}`],
            ['Ended', time(report.endedAt)],
            ['Journal', sound],
            [
              'Accounts before, after, lost',
              `${report.accounts.before.length}, ${report.accounts.after?.length ?? '–'}, ${report.accounts.lost.length}`,
            ],
            ['Changes that wait for a later cycle', report.waiting],
            ['Accepted by name', report.accepted.join(', ') || 'nothing'],
            ...(report.wayBack === undefined ? [] : [['To have it back by hand', `${report.wayBack}.`]]),
          ],
        )}
        <h2>Approvals</h2>
        ${table(
          ['Gate', 'By', 'When', 'Good until', 'Digest'],
          report.approvals.map(({ gate, by, at, expiresAt, digest }) => [
            gate,
            by,
            time(at),
            time(expiresAt),
            code(digest),
          ]),
        )}
        <h2>Groups</h2>
        ${table(
          ['Group', 'Directory id', 'SCIM id', 'Members before', 'After'],
          groups.before.map(({ anchor, name, scimGroup, members }) => [
            name,
            code(anchor),
            code(scimGroup ?? '–'),
            members,
            groupState(after.get(anchor), report.result),
          ]),
        )}
        <h2>Accounts</h2>
        ${table(['User', 'Account id', 'Before', 'After'], accountRows(report))}
        <h2>Findings</h2>
        ${table(
          ['Severity', 'Finding', 'What'],
          report.findings.map(({ severity, code: name, text }) => [severity, name, text]),
        )}
        <h2>Requests</h2>
        ${table(['When', 'What', 'Request', 'Outcome'], report.requests.map(requestRow))}
        <h2>Journal</h2>
        ${table(
          ['#', 'When', 'What', 'Hash'],
          report.timeline.map(({ sequence, at, text, hash }) => [sequence, time(at), text, code(hash)]),
        )}
      </body>
    </html>`;
  return page.html;
}
