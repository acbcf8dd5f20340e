import type { PGlite } from '@electric-sql/pglite';
import {
  BACKEND,
  createMessageReader,
  notificationChannel,
  queryMessage,
  transactionStatus,
  type TransactionStatus,
} from './wire.ts';

/** One logical client of the shared session. */
export interface SessionClient {
  /** Channels it has asked to listen to. */
  readonly channels: ReadonlySet<string>;
  /** Receives what the database answers to this client's own batches, and notifications. */
  receive(bytes: Buffer): void;
  /** The database cannot answer any more; the client must break. */
  fail(error: Error): void;
}

interface WaitingBatch {
  readonly client: SessionClient;
  readonly bytes: Buffer;
}

/**
 * The one session of an embedded database, shared by any number of logical clients. A batch (Query, or Parse … Sync)
 * runs alone; while a client is inside a transaction, the batches of all others wait until it ends.
 */
export interface Session {
  attach(client: SessionClient): void;
  /** Forgets a client. A transaction it left open is rolled back. */
  detach(client: SessionClient): void;
  send(client: SessionClient, batch: Buffer): void;
  /** Ends everything at once: no statement is run any more, every client breaks, `onFatal` is told. */
  fail(error: Error): void;
  /** Runs `work` between batches and outside any transaction. Rejects when the session is broken. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

type Engine = Pick<PGlite, 'execProtocolRawStream'>;

/** PGlite resolves in microtasks only; without a turn of the event loop per batch a busy queue starves every timer. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Starts sharing the session of an opened database. `onFatal` is told once when the engine itself breaks. */
export function shareSession(engine: Engine, onFatal: (error: Error) => void): Session {
  const clients = new Set<SessionClient>();
  const waiting: WaitingBatch[] = [];
  const exclusive: (() => Promise<void>)[] = [];
  let owner: SessionClient | undefined;
  let running = false;
  let broken: Error | undefined;

  function breakDown(error: Error): void {
    if (broken !== undefined) return;
    broken = error;
    for (const client of clients) client.fail(error);
    clients.clear();
    waiting.length = 0;
    owner = undefined;
    onFatal(error);
  }

  function broadcast(notification: Buffer): void {
    const channel = notificationChannel(notification);
    for (const client of clients) if (client.channels.has(channel)) client.receive(Buffer.from(notification));
  }

  async function execute(bytes: Buffer, answerTo: SessionClient | undefined): Promise<TransactionStatus> {
    const reader = createMessageReader();
    let status: TransactionStatus = 'I';
    const parts: Buffer[] = [];
    await nextTurn();
    await engine.execProtocolRawStream(bytes, {
      onRawData: (chunk) => {
        // The chunk is a window into the engine's memory, overwritten by the next one.
        reader.push(Buffer.from(chunk), (type, message) => {
          if (type === BACKEND.notification) broadcast(message);
          else parts.push(message);
          if (type === BACKEND.readyForQuery) status = transactionStatus(message);
        });
      },
    });
    if (answerTo !== undefined && clients.has(answerTo)) answerTo.receive(Buffer.concat(parts));
    return status;
  }

  function takeNext(): WaitingBatch | undefined {
    const index = owner === undefined ? 0 : waiting.findIndex((batch) => batch.client === owner);
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  }

  /** The next thing there is to do, chosen in one go: nothing may arrive between looking and going to sleep. */
  function next(): (() => Promise<void>) | undefined {
    if (broken !== undefined) return undefined;
    if (owner !== undefined && !clients.has(owner)) return rollBack;
    const job = owner === undefined ? exclusive.shift() : undefined;
    if (job !== undefined) return job;
    const batch = takeNext();
    return batch === undefined ? undefined : () => answer(batch);
  }

  async function rollBack(): Promise<void> {
    await execute(queryMessage('ROLLBACK'), undefined);
    owner = undefined;
  }

  async function answer({ client, bytes }: WaitingBatch): Promise<void> {
    if (!clients.has(client)) return;
    const status = await execute(bytes, client);
    owner = status === 'I' ? undefined : client;
  }

  async function run(): Promise<void> {
    running = true;
    for (let job = next(); job !== undefined; job = next()) {
      try {
        await job();
      } catch (error) {
        breakDown(error instanceof Error ? error : new Error(String(error)));
      }
    }
    running = false;
  }

  function wake(): void {
    if (!running) void run();
  }

  return {
    attach(client) {
      if (broken === undefined) clients.add(client);
      else client.fail(broken);
    },
    detach(client) {
      clients.delete(client);
      if (owner === client) wake();
    },
    send(client, bytes) {
      if (broken !== undefined) return;
      waiting.push({ client, bytes });
      wake();
    },
    fail: breakDown,
    exclusively(work) {
      return new Promise((resolve, reject) => {
        if (broken !== undefined) {
          reject(broken);
          return;
        }
        exclusive.push(() => work().then(resolve, reject));
        wake();
      });
    },
  };
}
