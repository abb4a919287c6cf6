/** Calls that wait on a thread of Node's pool, so many at a time that the pool's other users get on. */
export class Lane {
  readonly #most: number;
  readonly #waiting: Array<() => void> = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Begins `call` when its turn comes. Never rejects but as `call` does. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    // A place that is passed on is never free in between: nobody overtakes.
    if (this.#running === this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await call();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
