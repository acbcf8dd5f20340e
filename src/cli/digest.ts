import { InvalidArgumentError } from 'commander';

/** A digest or its beginning, of at least so many digits. Throws commander's InvalidArgumentError, a usage error. */
export function parseDigest(least: number): (text: string) => string {
  return (text) => {
    const digest = text.trim().toLowerCase();
    if (digest.length >= least && /^[0-9a-f]{1,64}$/.test(digest)) return digest;
    throw new InvalidArgumentError(`Copy at least its first ${least} digits (0-9, a-f) from where it is shown.`);
  };
}
