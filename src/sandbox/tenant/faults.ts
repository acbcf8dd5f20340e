/** What goes wrong. Effects of the transport break the HTTP exchange; the others falsify a sound answer. */
export type FaultEffect =
  /** An error status; a 429 or 503 without `retryAfter` has no Retry-After header. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string | undefined }
  /** An HTML page as a proxy in between would answer. */
  | { readonly kind: 'html'; readonly status: number }
  /** The connection is reset before an answer. */
  | { readonly kind: 'reset' }
  /** A complete HTTP answer whose JSON ends in the middle. */
  | { readonly kind: 'truncated' }
  /** The connection ends in the middle of the announced body. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** The page is served once more under another link. */
  | { readonly kind: 'repeat-page' }
  /** The next link leads to the page it stands on. */
  | { readonly kind: 'loop' }
  /** The next link is missing although there is more. */
  | { readonly kind: 'end-early' }
  /** The answer is a page without `value`. */
  | { readonly kind: 'no-value' }
  /** `$count` and `@odata.count` are wrong by this much. */
  | { readonly kind: 'count-off'; readonly by: number };

export interface Fault {
  /** Path below the version or, for the token endpoint, below the host; `*` stands for one segment. */
  readonly path: string;
  readonly method?: string | undefined;
  /** Page of a paged read, counted from 1; absent for every page. */
  readonly page?: number | undefined;
  /** How often; absent for ever. */
  readonly times?: number | undefined;
  readonly effect: FaultEffect;
}

export interface Faults {
  /** Returns an id to take it back with. */
  add(fault: Fault): string;
  /** False when there is no such fault any more. */
  remove(id: string): boolean;
  clear(): void;
  list(): readonly (Fault & { readonly id: string; readonly left: number | null })[];
  /** The effect for this request, if any, using up one of its times. The first fault that fits wins. */
  strike(request: { readonly method: string; readonly path: string; readonly page: number }): FaultEffect | undefined;
}

interface Armed {
  readonly id: string;
  readonly fault: Fault;
  readonly pattern: RegExp;
  left: number;
}

function patternOf(path: string): RegExp {
  const parts = path.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]+')}$`, 'i');
}

export function createFaults(): Faults {
  let armed: Armed[] = [];
  let added = 0;
  return {
    add(fault) {
      added += 1;
      const id = String(added);
      armed.push({ id, fault, pattern: patternOf(fault.path), left: fault.times ?? Number.POSITIVE_INFINITY });
      return id;
    },
    remove(id) {
      const before = armed.length;
      armed = armed.filter((entry) => entry.id !== id);
      return armed.length < before;
    },
    clear() {
      armed = [];
    },
    list: () => armed.map(({ id, fault, left }) => ({ ...fault, id, left: Number.isFinite(left) ? left : null })),
    strike({ method, path, page }) {
      const hit = armed.find(
        ({ fault, pattern }) =>
          pattern.test(path) &&
          (fault.method === undefined || fault.method === method) &&
          (fault.page === undefined || fault.page === page),
      );
      if (hit === undefined) return undefined;
      hit.left -= 1;
      if (hit.left <= 0) armed = armed.filter((entry) => entry !== hit);
      return hit.fault.effect;
    },
  };
}
