import type { ConnectionStatus, Status } from '../ports/operator.ts';
import type { CycleRecord } from '../ports/stores.ts';
import { html, type Html } from './html.ts';

/** The one style sheet of our pages. */
export const STYLE = `:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5 }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid #8886; vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums }
.warning { font-weight: 600 }
`;

/** The start page: no data, so it needs no token. */
export function startPage(version: string): string {
  return page(
    'Headgate',
    html`<p>
        Headgate provisions the users and groups assigned to enterprise applications in Microsoft Entra ID to SCIM
        service providers. Every change is planned, guarded and queued. Version ${version}.
      </p>
      <ul>
        <li><a href="/status">Status of the connections</a></li>
        <li><a href="/queues/">Queues</a></li>
        <li><a href="/metrics">Metrics</a></li>
        <li><a href="/readyz?verbose">Readiness</a></li>
      </ul>
      <p>Status and queues ask for a password: it is the API token, with any user name.</p>`,
  );
}

/** One row for each connection. */
export function statusPage({ version, startedAt, connections, troubles = [] }: Status): string {
  return page(
    'Headgate: status',
    html`<p>
        Version ${version}, running since ${timeOf(startedAt)}. <a href="/">Start</a> · <a href="/queues/">Queues</a>
      </p>
      ${troubles.map(({ name, detail, remedy }) => html`<p class="warning">${name}: ${detail}. ${remedy ?? ''}</p>`)}
      <table>
        <thead>
          <tr>
            <th>Connection</th>
            <th>Profile</th>
            <th>State</th>
            <th>Open cycle</th>
            <th>Last cycle</th>
            <th>Last success</th>
            <th>Accounts</th>
            <th>Held</th>
            <th>Escrowed</th>
          </tr>
        </thead>
        <tbody>
          ${connections.map(connectionRow)}
        </tbody>
      </table>
      ${connections.length === 0 ? html`<p>No connection is configured.</p>` : html``}`,
  );
}

function connectionRow(status: ConnectionStatus): Html {
  const { state, openCycle, brokenJournal } = status;
  const { pausedReason, quarantine, schedulesPaused, switchedOffAt } = state;
  const cell =
    switchedOffAt !== undefined
      ? html`<td>switched off by a migration since ${timeOf(switchedOffAt)}</td>`
      : pausedReason !== undefined
        ? html`<td class="warning">paused: ${pausedReason}</td>`
        : quarantine !== undefined
          ? html`<td class="warning">${quarantine.state}: ${quarantine.reason}: ${quarantine.cause.message}</td>`
          : brokenJournal !== undefined
            ? html`<td class="warning">${brokenJournal.message}</td>`
            : html`<td>${schedulesPaused ? 'active, schedules paused' : 'active'}</td>`;
  const open =
    openCycle === undefined
      ? 'none'
      : `${openCycle.kind}, ${openCycle.phase}, ${openCycle.settled} of ${openCycle.total}`;
  return html`<tr>
    <th scope="row">${status.connection}</th>
    <td>${status.profile}</td>
    ${cell}
    <td>${open}</td>
    <td>${cycleText(status.lastCycle)}</td>
    <td>${timeOf(status.lastSuccess?.closedAt)}</td>
    <td class="number">${status.links['account.active'] ?? 0}</td>
    <td class="number">${status.held}</td>
    <td class="number">${status.escrowed}</td>
  </tr>`;
}

function cycleText(cycle: CycleRecord | undefined): string {
  if (cycle === undefined) return 'never';
  const failure = cycle.failure === undefined ? '' : `: ${cycle.failure.message}`;
  return `${cycle.result ?? cycle.phase} ${timeOf(cycle.closedAt ?? cycle.createdAt)}${failure}`;
}

function timeOf(at: number | undefined): string {
  return at === undefined ? 'never' : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html> `.html;
}
