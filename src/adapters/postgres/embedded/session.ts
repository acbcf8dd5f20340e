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
  /** Runs `work` between batches and outside any transaction. */
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
    let answer: Buffer[] = [];
    await nextTurn();
    await engine.execProtocolRawStream(bytes, {
      onRawData: (chunk) => {
        // The chunk is a window into the engine's memory, overwritten by the next one.
        reader.push(Buffer.from(chunk), (type, message) => {
          if (type === BACKEND.notification) broadcast(message);
          else answer.push(message);
          if (type === BACKEND.readyForQuery) status = transactionStatus(message);
        });
      },
    });
    if (answerTo !== undefined && clients.has(answerTo)) answerTo.receive(Buffer.concat(answer));
    answer = [];
    return status;
  }

  function takeNext(): WaitingBatch | undefined {
    const index = owner === undefined ? 0 : waiting.findIndex((batch) => batch.client === owner);
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  }

  /** Does the next thing there is to do; false when there is none. */
  async function step(): Promise<boolean> {
    if (broken !== undefined) return false;
    if (owner !== undefined && !clients.has(owner)) {
      await execute(queryMessage('ROLLBACK'), undefined);
      owner = undefined;
      return true;
    }
    const job = owner === undefined ? exclusive.shift() : undefined;
    if (job !== undefined) {
      await job();
      return true;
    }
    const batch = takeNext();
    if (batch === undefined) return false;
    if (!clients.has(batch.client)) return true;
    const status = await execute(batch.bytes, batch.client);
    owner = status === 'I' ? undefined : batch.client;
    return true;
  }

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    try {
      for (let more = true; more;) more = await step();
    } catch (error) {
      breakDown(error instanceof Error ? error : new Error(String(error)));
    } finally {
      running = false;
    }
  }

  function wake(): void {
    void run();
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
