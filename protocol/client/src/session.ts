/**
 * The conversation with one sidecar process, from its start to its end: ids, answers, progress.
 *
 * Does not start a second one, and does not know which calls are equal: that is the connection's.
 */

import { SidecarError, sidecarEnded, sidecarUnavailable, type WireError } from './errors.js';
import { Lines } from './lines.js';
import { EXIT, type Pipe, type Transport } from './transport.js';
import type { ProgressParams, Report } from './types.js';

/** Told of each progress report; never after the answer. */
export type ProgressListener = (report: Report) => void;

/** A request under way. */
export interface Request {
  id: number;
  answer: Promise<unknown>;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: SidecarError): void;
  onProgress: ProgressListener | undefined;
}

interface Message {
  id?: number | string | null;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: WireError;
}

export class Session {
  /** Resolves when the sidecar has ended, or could not be started. */
  readonly closed: Promise<void>;
  #close!: () => void;
  #ended = false;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();
  readonly #pipe: Promise<Pipe>;
  #written: Promise<unknown>;

  constructor(transport: Transport) {
    this.closed = new Promise((resolve) => (this.#close = resolve));
    const lines = new Lines((line) => this.#read(line));
    this.#pipe = transport({ receive: (text) => lines.push(text), end: () => this.#end(sidecarEnded()) });
    this.#written = this.#pipe.catch((cause: unknown) => this.#end(sidecarUnavailable(cause)));
  }

  /** True once no request can be answered any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Send a request. It asks for progress only if there is someone to tell. */
  request(method: string, params: object, onProgress?: ProgressListener): Request {
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject, onProgress }));
    this.#send({ jsonrpc: '2.0', id, method, params: onProgress ? { ...params, progressToken: id } : params });
    return { id, answer };
  }

  /** Cancel a request. It is still answered: with an error of kind cancelled, or, when it was too late, its result. */
  cancel(id: number): void {
    this.#send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } });
  }

  /** Ask the sidecar to cancel everything and to leave. */
  exit(): void {
    this.#write(EXIT);
  }

  #send(message: object): void {
    this.#write(`${JSON.stringify(message, replaceSurrogates)}\n`);
  }

  #write(line: string): void {
    // One after the other: calls into a shell might overtake each other.
    this.#written = this.#written
      .then(async () => (await this.#pipe).write(line))
      .catch(() => this.#end(sidecarEnded()));
  }

  #read(line: string): void {
    const message = parse(line);
    if (message?.method === '$/progress') {
      this.#report(message.params as ProgressParams);
    } else if (typeof message?.id === 'number') {
      this.#answer(message.id, message);
    }
  }

  #report({ token, value }: ProgressParams): void {
    const onProgress = this.#waiting.get(Number(token))?.onProgress;
    if (onProgress) {
      // Not here: what a listener throws must not cost the lines behind this one.
      queueMicrotask(() => onProgress(value));
    }
  }

  #answer(id: number, { error, result }: Message): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) {
      waiting?.reject(new SidecarError(error));
    } else {
      waiting?.resolve(result);
    }
  }

  #end(error: SidecarError): void {
    this.#ended = true;
    for (const waiting of this.#waiting.values()) {
      waiting.reject(error);
    }
    this.#waiting.clear();
    this.#close();
  }
}

function parse(line: string): Message | undefined {
  try {
    return (JSON.parse(line) as Message | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** A path may hold half a character, and a message that does is no JSON to the sidecar. */
function replaceSurrogates(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '\uFFFD') : value;
}
