/** Connections that health checks of one process keep open between two checks. */
export const MAX_KEPT_CONNECTIONS = 128;

/**
 * Lets so many connections of health checks stay open: one for each endpoint of each cluster would be thousands in a large
 * mesh. Who gets no place makes a connection for each check, which a resumed TLS session makes cheap.
 */
export class ConnectionBudget {
  readonly #limit: number;
  #kept = 0;

  constructor(limit = MAX_KEPT_CONNECTIONS) {
    this.#limit = limit;
  }

  place(): ConnectionPlace {
    return new ConnectionPlace(
      () => {
        if (this.#kept >= this.#limit) return false;
        this.#kept++;
        return true;
      },
      () => {
        this.#kept--;
      },
    );
  }
}

/** What one prober has of it. */
export class ConnectionPlace {
  readonly #acquire: () => boolean;
  readonly #release: () => void;
  #isHeld = false;

  constructor(acquire: () => boolean, release: () => void) {
    this.#acquire = acquire;
    this.#release = release;
  }

  /** Whether the connection may stay. */
  keep(): boolean {
    if (!this.#isHeld) this.#isHeld = this.#acquire();
    return this.#isHeld;
  }

  /** The connection is closed. */
  leave(): void {
    if (this.#isHeld) this.#release();
    this.#isHeld = false;
  }
}

/** Of a check that keeps no connection. */
export function noPlace(): ConnectionPlace {
  return new ConnectionPlace(
    () => false,
    () => {},
  );
}
