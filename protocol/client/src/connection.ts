/**
 * JSON-RPC with whichever sidecar lives: it is started at first use, and a dead one again at the next call.
 *
 * Single-flight: a call that equals one still running joins it. Whoever asks twice for an import gets it once.
 */

import { cancelledBefore, leftToOthers } from './errors.js';
import { Session, type ProgressListener } from './session.js';
import type { Transport } from './transport.js';

/** How a caller follows a call. */
export interface CallOptions {
  /** Told of progress, at most ten times a second. Whoever joins a call is told only if the first caller is, too. */
  onProgress?: ProgressListener | undefined;
  /** Cancels the call, once all who wait for it have: everything is then as it was before. */
  signal?: AbortSignal | undefined;
}

export class Connection {
  readonly #transport: Transport;
  #session: Session | undefined;
  readonly #running = new Map<string, SharedCall>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Call a method by its name. Rejects with a SidecarError. */
  async call(method: string, params: object, options: CallOptions = {}): Promise<unknown> {
    if (options.signal?.aborted) {
      throw cancelledBefore();
    }
    const key = keyOf(method, params);
    const call = this.#running.get(key) ?? this.#start(key, method, params, options.onProgress);
    return call.join(options);
  }

  /** Cancel what runs, and let the sidecar leave; resolves when it has. A later call starts another one. */
  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#running.clear();
    session?.exit();
    await session?.closed;
  }

  #start(key: string, method: string, params: object, onProgress?: ProgressListener): SharedCall {
    const forget = (): void => {
      if (this.#running.get(key) === call) {
        this.#running.delete(key);
      }
    };
    const call = new SharedCall(this.#living(), method, params, onProgress !== undefined, forget);
    this.#running.set(key, call);
    return call;
  }

  #living(): Session {
    if (this.#session === undefined || this.#session.ended) {
      this.#session = new Session(this.#transport);
    }
    return this.#session;
  }
}

/** One request, and all who wait for it. `over` is called when nobody may join any more. */
class SharedCall {
  readonly #followers = new Set<{ onProgress: ProgressListener | undefined }>();
  readonly #answer: Promise<unknown>;
  readonly #cancel: () => void;

  constructor(session: Session, method: string, params: object, follow: boolean, over: () => void) {
    const tell: ProgressListener = (report) => this.#followers.forEach(({ onProgress }) => onProgress?.(report));
    const { id, answer } = session.request(method, params, follow ? tell : undefined);
    this.#answer = answer.finally(over);
    this.#cancel = () => {
      over();
      session.cancel(id);
    };
  }

  /** Wait for the answer. Who leaves while others stay is let go at once; the last one still gets the answer. */
  join({ onProgress, signal }: CallOptions): Promise<unknown> {
    const follower = { onProgress };
    this.#followers.add(follower);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        if (this.#followers.size === 1) {
          this.#cancel();
        } else {
          this.#followers.delete(follower);
          reject(leftToOthers());
        }
      };
      signal?.addEventListener('abort', leave);
      void this.#answer.then(resolve, reject).finally(() => signal?.removeEventListener('abort', leave));
    });
  }
}

function keyOf(method: string, params: object): string {
  const members = Object.entries(params).filter(([, value]) => value !== undefined);
  return JSON.stringify([method, members.sort(([one], [other]) => (one < other ? -1 : 1))]);
}
