import {
  createPostgresBackend,
  runMigrations,
  type BackendFactory,
  isPgPool,
  type IQueueBackend,
  type PgPool,
} from 'bullmq';
import { StartupError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Backend, BoundConnection } from './backend.ts';

/** What the queue needs of the database that holds the state. */
export interface QueueDatabase {
  readonly kind: 'embedded' | 'server';
  /**
   * The node-postgres pool whose unqualified names are looked up in `schema`, from now on with at most `clients`
   * connections: asked again it is the same pool.
   */
  poolFor(schema: string, clients: number): Promise<unknown>;
}

/** BullMQ's PostgreSQL backend on a pool it did not open itself always uses this schema. */
const SCHEMA = 'bullmq';
/** Connections beside those the workers listen on. */
const QUERY_CLIENTS = 8;

async function prepareSchema(pool: PgPool): Promise<void> {
  const client = await pool.connect();
  try {
    // A pool of our own skips BullMQ's migrations, so they are run here.
    await runMigrations(client, SCHEMA);
  } catch (error) {
    throw new StartupError('the schema of the queue could not be brought up to date', {
      remedy: 'The database user needs the right to create the schema "bullmq"; a newer Headgate may have changed it.',
      cause: error,
    });
  } finally {
    client.release();
  }
}

/**
 * Jobs that were running when the last process died would wait half a minute for their locks to run out. Where no other
 * process can be alive they go back at once; this is what BullMQ's own check for stalled jobs does to them.
 */
async function requeueActive(pool: PgPool): Promise<void> {
  await pool.query(`
    update bullmq.job set state = 'waiting', lock_token = null, locked_until_ms = null, stalled_marked = false
    where state = 'active'`);
}

/** Opens BullMQ's PostgreSQL backend on the database that holds the state. */
export async function openPostgresBackend(database: QueueDatabase, queues: number, log: Log): Promise<Backend> {
  const room = (count: number) => database.poolFor(SCHEMA, 2 * count + QUERY_CLIENTS);
  const pool = await room(queues);
  if (!isPgPool(pool)) throw new Error('the database gave no node-postgres pool');
  await prepareSchema(pool);
  if (database.kind === 'embedded') await requeueActive(pool);
  const factory: BackendFactory<IQueueBackend, BoundConnection> = (name, options, more) =>
    createPostgresBackend(name, { ...options, connection: pool }, more);
  log.debug({ kind: database.kind }, 'the queue is kept in the database');
  return {
    kind: database.kind === 'embedded' ? 'embedded' : 'postgres',
    producer: factory,
    worker: factory,
    async makeRoom(count) {
      await room(count);
    },
    async ping() {
      await pool.query('select 1');
    },
    durability: () => Promise.resolve({ evicts: false, persists: true }),
    // The pool belongs to the database and is closed with it.
    close: () => Promise.resolve(),
  };
}
