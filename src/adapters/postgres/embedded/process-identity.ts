import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Who a process is, beyond its number: numbers are reused, and mean nothing in another container or on another machine.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in whatever form the system tells; the same for the whole life of the process. */
  readonly started: string;
  /** Machine, boot and process-number namespace: only inside the same one can another process be looked up. */
  readonly realm: string;
}

/** Start time from /proc/<pid>/stat, field 22; the name in field 2 may hold spaces and brackets. */
function startedByProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    // No such process, or no /proc: the caller tells the two apart.
    return undefined;
  }
}

function startedByPs(pid: number): string | undefined {
  try {
    const out = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] });
    return out.toString('utf8').trim() || undefined;
  } catch {
    // ps exits with 1 when there is no such process, and is missing on Windows.
    return undefined;
  }
}

function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return startedByProc(pid);
  return process.platform === 'win32' ? undefined : startedByPs(pid);
}

function realm(): string {
  if (process.platform !== 'linux') return hostname();
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${hostname()} ${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // Without a readable /proc the host name is the best there is.
    return hostname();
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, started: startOf(process.pid) ?? '', realm: realm() };
}

/**
 * Whether that process still lives. `unknown` when it belongs to another machine, container or boot, where its number
 * says nothing. A process whose start cannot be read counts as alive as long as its number is in use.
 */
export function isAlive(other: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
  if (other.realm !== realm()) return 'unknown';
  if (!exists(other.pid)) return 'dead';
  const started = startOf(other.pid);
  if (started === undefined || other.started === '') return 'alive';
  return started === other.started ? 'alive' : 'dead';
}
