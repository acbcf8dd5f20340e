import { once } from 'node:events';
import express from 'express';
import { SCIMMY, SCIMMYRouters } from 'scimmy-routers';

/** Rows of one kind of resource, as the server stored them. */
export interface ScimmyRows {
  readonly all: () => readonly Readonly<Record<string, unknown>>[];
  readonly clear: () => void;
}

/** A SCIM server that nobody of this project wrote, with all its peculiarities. */
export interface ScimmyServer {
  /** The SCIM base URL. */
  readonly url: string;
  readonly users: ScimmyRows;
  readonly groups: ScimmyRows;
  /** Requests that may have changed something, since the last `clearWrites`, as `METHOD /path`. */
  readonly writes: () => readonly string[];
  readonly clearWrites: () => void;
  close(): Promise<void>;
}

interface Asked {
  readonly id?: string | undefined;
  readonly filter?: { match(rows: object[]): object[] } | undefined;
}

/** A store as SCIMMY wants one: rows as text by id, and uniqueness of one attribute. */
function storeOf(kind: string, unique: string) {
  const rows = new Map<string, string>();
  let next = 1;
  const keyOf = (row: object) => JSON.stringify(new Map(Object.entries(row)).get(unique)).toLowerCase();
  const present = (id: string) => {
    const found = rows.get(id);
    if (found === undefined) throw new SCIMMY.Types.Error(404, '', 'not found');
    return JSON.parse(found);
  };
  const ingress = ({ id }: Asked, data: object) => {
    const taken = [...rows].some(([other, row]) => other !== id && keyOf(JSON.parse(row)) === keyOf({ ...data }));
    if (taken) throw new SCIMMY.Types.Error(409, 'uniqueness', `${unique} is taken`);
    const stored = { ...data, id: id ?? `${kind}-${next++}` };
    rows.set(stored.id, JSON.stringify(stored));
    return present(stored.id);
  };
  const egress = ({ id, filter }: Asked) => {
    if (id !== undefined) return present(id);
    const all = [...rows.keys()].map(present);
    return filter === undefined ? all : filter.match(all);
  };
  const degress = ({ id }: Asked) => {
    rows.delete(present(id ?? '').id);
  };
  const shown: ScimmyRows = { all: () => [...rows.keys()].map(present), clear: () => rows.clear() };
  return { ...shown, ingress, egress, degress };
}

/**
 * Starts scimmy-routers on Express 4, or on the Express given. SCIMMY keeps its resources for the whole process: one server
 * at a time.
 */
export async function startScimmy(token: string, framework: () => express.Express = express): Promise<ScimmyServer> {
  const users = storeOf('User', 'userName');
  const groups = storeOf('Group', 'displayName');
  SCIMMY.Resources.declare(SCIMMY.Resources.User);
  SCIMMY.Resources.User.ingress(users.ingress).egress(users.egress).degress(users.degress);
  SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
  SCIMMY.Resources.declare(SCIMMY.Resources.Group);
  SCIMMY.Resources.Group.ingress(groups.ingress).egress(groups.egress).degress(groups.degress);
  const app = framework();
  let writes: string[] = [];
  app.use((request, _response, next) => {
    if (request.method !== 'GET') writes.push(`${request.method} ${request.path}`);
    next();
  });
  const handler = (request: express.Request) => {
    if (request.header('authorization') !== `Bearer ${token}`) throw new Error('wrong token');
    return 'somebody';
  };
  app.use('/scim', new SCIMMYRouters({ type: 'bearer', handler }));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/scim`,
    users,
    groups,
    writes: () => writes,
    clearWrites: () => {
      writes = [];
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
