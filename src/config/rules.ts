import type { ConnectionRules } from '../core/connection.ts';
import type { ConnectionConfig } from './config.ts';

/**
 * The part of a connection's configuration that decides what a plan holds. Only these keys enter the rules digest, so
 * that a new token file or schedule does not make a reviewed plan stale.
 */
export function rulesOf(connection: ConnectionConfig): ConnectionRules {
  const { name, application, engine, scope, mapping, deprovision, drift, guards } = connection;
  const plain = { name, application, scope, mapping, deprovision, drift, guards };
  return engine === undefined ? plain : { ...plain, engine };
}
