import { Gauge, type Registry } from 'prom-client';

/** Registers what Prometheus' own tools tell of their configuration. Returns how to tell of a reload. */
export function createConfigFamilies(registry: Registry, startedAt: number): (successful: boolean, at: number) => void {
  const successful = new Gauge({
    name: 'headgate_config_last_reload_successful',
    help: '1 when the newest configuration could be put into force, 0 while an older one goes on.',
    registers: [registry],
  });
  const at = new Gauge({
    name: 'headgate_config_last_reload_success_timestamp_seconds',
    help: 'When the configuration in force was read.',
    registers: [registry],
  });
  const tell = (success: boolean, now: number): void => {
    successful.set(success ? 1 : 0);
    if (success) at.set(now / 1000);
  };
  tell(true, startedAt);
  return tell;
}
